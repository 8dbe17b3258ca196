"""Answer at /metrics, /healthz and /readyz: a small web application for Prometheus, systemd, Docker and Kubernetes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.errors import ConfigurationError, Fault
from bot.operations.metrics import CONTENT_TYPE, Metrics
from bot.operations.vitals import Check, Vitals, alive, judge
from bot.web.listening import read_place
from bot.web.serving import serve


def build(metrics: Metrics, look: Callable[[], Awaitable[Vitals]]) -> ASGIApp:
    """Build the application.

    /healthz is 503 where only a restart helps; /readyz is 503 while anything that news or alerts need is not well, and
    names it. Both say so in JSON. Neither gives addresses, texts or tokens away.
    """

    async def measure(request: Request) -> Response:
        del request
        vitals = await look()
        return Response(await asyncio.to_thread(metrics.page, vitals), media_type=CONTENT_TYPE)

    async def live(request: Request) -> Response:
        del request
        return _answer([alive(await look())])

    async def ready(request: Request) -> Response:
        del request
        return _answer(judge(await look()))

    return Starlette(
        routes=[Route("/metrics", measure), Route("/healthz", live), Route("/readyz", ready)],
    )


async def host(app: Any, listen: str, stop: asyncio.Event, *, setting: str = "STRAITWATCH_WEBHOOK_LISTEN") -> None:
    """Serve an application at `listen` until `stop`; raises ConfigurationError that names `setting`.

    Fits `bot.telegram.webhook.HostAsgi`.
    """
    try:
        await serve(app, read_place(listen), stop)
    except ConfigurationError as error:
        faults = [Fault(place=setting, problem=fault.problem, remedy=fault.remedy) for fault in error.faults]
        raise ConfigurationError(faults) from error


def _answer(checks: list[Check]) -> Response:
    good = all(check.good for check in checks)
    body = {
        "status": "ok" if good else "not ok",
        "checks": {
            check.name: {"ok": check.good, "text": check.text, **({"remedy": check.remedy} if not check.good else {})}
            for check in checks
        },
    }
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status_code=200 if good else 503, media_type="application/json")
