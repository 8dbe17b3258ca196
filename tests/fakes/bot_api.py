"""A Bot API server for tests: real HTTP on loopback, strict about every request, and a ledger of what chats show.

    async with BotApi() as api:
        bot = make_bot(api.token, api=api.url)             # or Application.builder().base_url(api.base_url)
        api.fail(flood(5), method="sendMessage", chat_id=1) # the next matching request gets this answer
        await bot.send_message(1, "<b>hello</b>", parse_mode="HTML")
        assert api.texts(1) == ["hello"]

What it does:

- **Validation.** Unknown method or parameter, wrong type, missing parameter, text over 4096 or caption over 1024 UTF-16
  units, after parsing, callback data over 64 bytes, broken HTML: answered with 400 as Telegram would, *and* noted in
  `api.violations` where the request could never be right. Leaving the `async with` block raises AssertionError if there
  were any, so that no test can overlook one (`BotApi(strict=False)` for tests of the fake itself).
- **Ledger.** `api.chat(id)` is a `ChatLedger`: its `messages` in order with text, entities, buttons, replies, thread,
  edits and deletions. `api.texts(id)` gives the visible texts. `api.requests` lists every request with its time.
- **Chats.** Unknown ids become a private chat (positive), a supergroup (-100…) or a group; `api.add_chat` sets type,
  a forum's topics, or that the bot is not in it; `api.set_member` what `getChatMember` says.
- **Updates.** `push_message`, `push_callback` and `push_membership` queue updates for long polling; `await
  api.settled()` waits until the bot has taken all of them. `api.webhook` holds what setWebhook said.
- **Faults.** `api.fail(fault, ...)` plays one of `bot_api_faults`; `times=None` plays it for ever; `heal()` ends all.
- **Limits.** `BotApi(enforce_limits=True)` answers 429 beyond 30/s, 1/s a private chat, 20/min a group or channel.
  `api.worst_window(...)` measures them in any case.
- **Waiting.** `await api.until(lambda: ...)` waits for a condition without sleeping: it is checked after each request.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from tests.fakes.bot_api_faults import Fault, flood
from tests.fakes.bot_api_http import Call, answer, read_call
from tests.fakes.bot_api_ledger import ChatLedger, RefusedError, Shown
from tests.fakes.bot_api_methods import Methods
from tests.fakes.bot_api_schema import Schema, SchemaError
from tests.fakes.bot_api_updates import Updates

TOKEN = "123456789:CANARY-token-that-must-never-be-logged"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request that arrived."""

    method: str
    parameters: dict[str, Any]
    at: float  # of `clock`
    status: int  # 0 where no answer was given

    @property
    def chat_id(self) -> int | None:
        return self.parameters.get("chat_id")


@dataclass(kw_only=True)
class _Planned:
    fault: Fault
    method: str | None
    chat_id: int | None
    left: int | None

    def matches(self, method: str, parameters: dict[str, Any]) -> bool:
        fits = self.method is None or self.method == method
        return fits and (self.chat_id is None or self.chat_id == parameters.get("chat_id")) and self.left != 0


class BotApi(Methods, Updates):
    """The server; see the module's description."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        strict: bool = True,
        enforce_limits: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.token = token
        self.schema = Schema.load()
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.arrived: asyncio.Condition = asyncio.Condition()
        self.on_request: Callable[[str, dict[str, Any]], None] | None = None  # called before the answer is written
        self._strict = strict
        self._enforce = enforce_limits
        self._clock = clock
        self._planned: list[_Planned] = []
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0
        Methods.__init__(self)
        Updates.__init__(self)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if self._strict and error is None:
            assert not self.violations, f"requests that no Bot API would accept: {self.violations}"

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port or self._port, limit=2**24)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close all connections; `start()` opens the same port again, with the ledger kept."""
        if self._server is not None:
            self._server.close()
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        """Where the server listens, as the setting for a self-hosted Bot API server takes it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The same as python-telegram-bot's `base_url` takes it."""
        return f"{self.url}/bot"

    def fail(
        self, fault: Fault, *, method: str | None = None, chat_id: int | None = None, times: int | None = 1
    ) -> None:
        """Play a fault for the next `times` requests of that method and chat; None for ever."""
        self._planned.append(_Planned(fault=fault, method=method, chat_id=chat_id, left=times))

    def heal(self) -> None:
        """End all faults."""
        self._planned.clear()

    def texts(self, chat_id: int) -> list[str]:
        """Give the visible texts or captions of a chat's messages of ours, deleted ones left out."""
        return [shown.text for shown in self.chat(chat_id).messages if not shown.deleted and shown.ours]

    def sent(self, method: str = "sendMessage") -> list[Request]:
        """Give the requests of one method."""
        return [request for request in self.requests if request.method == method]

    async def until(self, condition: Callable[[], bool], *, within: float = 10.0) -> None:
        """Wait until a condition holds, which is checked after every request; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within), self.arrived:
            await self.arrived.wait_for(condition)

    def worst_window(self, seconds: float, *, chat_id: int | None = None) -> int:
        """Give the largest number of sends and edits in any window of that length, overall or in one chat."""
        times = [
            request.at
            for request in self.requests
            if request.method.startswith(("send", "edit")) and chat_id in {None, request.chat_id}
        ]
        times.sort()
        worst = start = 0
        for end, at in enumerate(times):
            while times[start] <= at - seconds:
                start += 1
            worst = max(worst, end - start + 1)
        return worst

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while (call := await read_call(reader)) is not None:
                response = await self._respond(call)
                if response is None:
                    writer.transport.abort()
                    return
                writer.write(response)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client died, as clients do in these tests, or the server was stopped
        finally:
            self._connections.discard(task)
            writer.close()

    async def _respond(self, call: Call) -> bytes | None:
        """Give the bytes of the response, or None to cut the connection."""
        if unquote(call.path).startswith(f"/file/bot{self.token}/"):
            return answer(200, self.files[call.path.rpartition("/")[2]], "application/octet-stream")
        _, prefix, method = ([*call.path.split("/"), "", ""])[:3]
        if prefix != f"bot{self.token}":
            return answer(401, _body(401, "Unauthorized"))
        try:
            method = self.schema.method(method)
            parameters = self.schema.read(method, call.fields, call.files)
        except SchemaError as error:
            self.violations.append(str(error))
            return await self._note(method, {}, 400, answer(400, _body(400, f"Bad Request: {error}")))
        fault = self._fault(method, parameters)
        if fault is None:
            status, body = await self._perform(method, parameters)
            return await self._note(method, parameters, status, answer(status, body))
        if fault.accepted:
            await self._perform(method, parameters)
        if fault.then == "answer":
            response = answer(fault.status, fault.body, fault.content_type)
            return await self._note(method, parameters, fault.status, response)
        await self._note(method, parameters, 0, b"")
        if fault.then == "hang":
            await asyncio.Event().wait()
        return None

    async def _perform(self, method: str, parameters: dict[str, Any]) -> tuple[int, bytes]:
        try:
            result = await self.perform(method, parameters)
        except RefusedError as error:
            if error.violation:
                self.violations.append(f"{method}: {error.description}")
            return error.status, _body(error.status, error.description, **error.parameters)
        return 200, json.dumps({"ok": True, "result": result}).encode()

    async def _note(self, method: str, parameters: dict[str, Any], status: int, response: bytes) -> bytes:
        if method != "getUpdates":
            request = Request(method=method, parameters=parameters, at=self._clock(), status=status)
            self.requests.append(request)
        if self.on_request is not None:
            self.on_request(method, parameters)
        async with self.arrived:
            self.arrived.notify_all()
        return response

    def _fault(self, method: str, parameters: dict[str, Any]) -> Fault | None:
        for planned in self._planned:
            if planned.matches(method, parameters):
                planned.left = None if planned.left is None else planned.left - 1
                return planned.fault
        return self._over_limit(method, parameters) if self._enforce else None

    def _over_limit(self, method: str, parameters: dict[str, Any]) -> Fault | None:
        if not method.startswith(("send", "edit")) or "chat_id" not in parameters:
            return None
        chat_id, now = parameters["chat_id"], self._clock()
        passed = [one for one in self.requests if one.method.startswith(("send", "edit")) and one.status == 200]
        private = self.chat(chat_id).kind == "private"
        window, most = (1.0, 1) if private else (60.0, 20)
        here = [one for one in passed if one.chat_id == chat_id and one.at > now - window]
        if len(here) >= most:
            return flood(max(1, round(window - (now - here[0].at))))
        return flood(1) if sum(one.at > now - 1.0 for one in passed) >= 30 else None


def _body(status: int, description: str, **parameters: Any) -> bytes:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return json.dumps(body).encode()


__all__ = ["TOKEN", "BotApi", "ChatLedger", "Request", "Shown"]
