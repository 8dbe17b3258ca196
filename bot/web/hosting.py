"""The page as a part of the running watch: checked settings, live rules, until the watch stops."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Engine

from bot.analysis.assessment import Assessor
from bot.settings import Settings
from bot.web.application import build_web
from bot.web.listening import check_place
from bot.web.serving import serve
from rules.gazetteers import SHIPPED, load_names

log = structlog.get_logger(__name__)
SCORECARD = Path("docs/scorecard.md")  # beside the place that the watch is started from


async def host(
    engine: Engine,
    settings: Settings,
    *,
    assessor: Callable[[], Assessor],
    clock: Callable[[], datetime],
    stop: asyncio.Event,
) -> None:
    """Serve the page at `settings.web_listen` until `stop` is set; raises ConfigurationError where that is refused.

    `assessor` gives the one in use, so that reloaded rules are shown.
    """
    place = check_place(settings.web_listen, settings.web_token.get_secret_value())
    app = build_web(
        engine,
        settings,
        catalog=lambda: assessor().catalog,
        clock=clock,
        scorecard=SCORECARD,
        model=lambda: assessor().model_card,
        titles={name.id: name.title for name in load_names(SHIPPED / "entities.yaml")},
    )
    log.info("web_page_served", place=str(place))
    await serve(app, place, stop)
