"""The running watch: polls, sending, conversations and digests side by side until it is told to stop."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from rich.console import Console

from bot import app
from bot.alerting.charting import ChartProcess
from bot.alerting.digests.planning import plan_due
from bot.alerting.digests.previewing import compose_now
from bot.analysis.assessment import Assessor
from bot.app import House
from bot.conversing import converse
from bot.errors import ConfigurationError
from bot.operations.leading import RENEW_EVERY, TENURE, Lead
from bot.operations.metrics import Metrics
from bot.operations.overseeing import Overseer
from bot.operations.reporting import Reporter
from bot.pipeline import Pipeline, Told
from bot.rounds import Rounds
from bot.schedule import Job, Schedule
from bot.storage import outbox
from bot.storage import sources as source_rows
from bot.storage.chats import load_chat, save_chat
from bot.storage.clocks import set_back, set_back_while_away
from bot.storage.database import reading
from bot.storage.pruning import prune
from bot.storage.subscriptions import save_subscription
from bot.storage.transactions import writing
from bot.telegram.commands.turns import Services
from bot.telegram.composing import StoryComposer
from bot.telegram.messages import Target
from bot.telegram.sender import Sender
from bot.terminal import TerminalTarget
from bot.web.listening import try_place

log = structlog.get_logger(__name__)
POLL_TICK = timedelta(seconds=2)
STOP_WITHIN = 0.5  # seconds for polls under way when the user presses Ctrl-C


class Watch:
    """One process of Straitwatch. `console` shows alerts where no Telegram token is set, and failing sources."""

    def __init__(self, house: House, console: Console) -> None:
        self._house = house
        self._console = console
        self._stop = asyncio.Event()
        self._schedule = Schedule()
        self._worker = app.worker_name()
        self._folder = app.data_folder(house.settings)
        self._pictures = self._folder / "pictures"
        self._charts = ChartProcess(self._folder / "charts")
        self._lead = Lead(house.engine, holder=self._worker, clock=app.now)
        self._metrics = Metrics()
        self._reporter = Reporter(house.engine, self._metrics, partial(console.print, highlight=False, soft_wrap=True))
        self._overseer = Overseer(
            house.engine,
            worker=self._worker,
            lead=self._lead,
            schedule=self._schedule,
            assessor=self._assessor,
            clock=app.now,
            folder=self._folder,
            model_file=app.model_place(house.settings),
        )
        self._pipeline: Pipeline | None = None
        self.rounds: Rounds | None = None
        self.sender: Sender | None = None

    def prepare(self) -> None:
        """Bring the shipped sources up to date, and make the terminal a chat while there is no token."""
        now, settings = app.now(), self._house.settings
        if settings.web_listen:
            try_place(settings.web_listen, settings.web_token.get_secret_value())
        chat, subscription = app.terminal_chat(settings, at=now)
        with self._house.engine.begin() as tx:
            source_rows.upsert_catalog(tx, self._house.sources)
            known = load_chat(tx, chat.key)
            if settings.token:
                if known is not None:
                    save_chat(tx, replace(known, disabled_reason="a Telegram token is set"))
                return
            known = known or chat
            save_chat(tx, replace(known, disabled_reason="", level=chat.level, zone=chat.zone))
            save_subscription(tx, subscription)

    async def run(self) -> None:
        """Watch until Ctrl-C, SIGTERM or `stop`; raises what makes watching impossible, such as a refused token."""
        self._listen_for_signals()
        async with AsyncExitStack() as stack:
            self._pipeline = await stack.enter_async_context(app.open_pipeline(self._house))
            self.rounds = Rounds(
                engine=self._house.engine,
                pipeline=self._pipeline,
                clock=app.now,
                worker=self._worker,
                at_once=self._house.settings.fetch_concurrency,
                on_told=self._note,
            )
            target = await self._open_target(stack)
            self.sender = Sender(
                self._house.engine,
                target,
                StoryComposer(app.now),
                name=f"sender:{self._house.settings.token.partition(':')[0] or 'terminal'}",
                holder=self._worker,
                tenure=TENURE,
                on_alert=self._reporter.accepted if self._house.settings.metrics_listen else None,
            )
            self._overseer.sender = self.sender
            self._overseer.rounds = self.rounds
            await asyncio.to_thread(self._follow_stored_clock)
            self._set_schedule(self.rounds)
            self._leave_address(stack)
            await asyncio.to_thread(self._pipeline.warm)
            await self._lead.renew()
            await self._run_parts(self.sender, self.rounds)

    async def _run_parts(self, sender: Sender, rounds: Rounds) -> None:
        parts: list[Coroutine[Any, Any, object]] = [sender.run(self._stop), self._stop.wait()]
        if self._house.settings.token:
            parts.append(self._converse(sender))
        if self._house.settings.metrics_listen:
            parts.append(self._answer(self._house.settings.metrics_listen))
        if self._house.settings.web_listen:
            parts.append(self._show_pages())
        tasks = [asyncio.create_task(part) for part in parts]
        self._schedule.start()
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._schedule.stop()
            self._stop.set()
            await rounds.finish(within=STOP_WITHIN)
            await self._lead.release()
        await asyncio.gather(*tasks)

    def _leave_address(self, stack: AsyncExitStack) -> None:
        """Leave this process's number where `straitwatch rules reload` finds it."""
        place = self._folder / f"straitwatch-{os.getpid()}.pid"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            place.write_text(str(os.getpid()), encoding="utf-8")
        except OSError as error:  # a full disk: the news must go on, and `kill -HUP` reloads the rules as well
            log.warning("address_not_left", place=str(place), error=str(error))
            with suppress(OSError):
                place.unlink(missing_ok=True)
            return
        stack.callback(place.unlink, missing_ok=True)

    def _assessor(self) -> Assessor:
        return self._pipeline.assessor if self._pipeline is not None else self._house.assessor

    def stop(self) -> None:
        """Ask the watch to end; `run` returns once everything in flight is put away."""
        self._stop.set()

    def reload(self) -> None:
        """Take up changed rules; a faulty set is refused whole and the old one stays."""
        try:
            assessor = app.load_assessor(self._house.settings)
        except ConfigurationError as error:
            self._console.print(f"[red]The changed rules are refused; the old ones stay.[/]\n{error}", highlight=False)
            return
        if self._pipeline is not None:
            self._pipeline.assessor = assessor
        self._console.print("The rules were reloaded.")

    def status(self) -> str:
        """Give one line on what happens now: polls, items, alerts, and what is next."""
        now = app.now()
        with reading(self._house.engine) as tx:
            next_at = source_rows.next_due_at(tx, now=now)
            owed = outbox.summary(tx).counts
        totals = self.rounds.totals if self.rounds else {}
        under_way = self.rounds.under_way if self.rounds else 0
        due = sum(number for state, number in owed.items() if state.value in {"due", "held"})
        wait = "now" if next_at is None or next_at <= now else f"in {int((next_at - now).total_seconds())} s"
        return (
            f"{totals.get('polls', 0)} polls ({under_way} under way, {totals.get('failed', 0)} failed) · "
            f"{totals.get('read', 0)} new items · {totals.get('flagged', 0)} flagged · "
            f"{totals.get('alerts', 0)} alerts · {due} messages waiting · next poll {wait}"
        )

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, self.reload))

    def _set_schedule(self, rounds: Rounds) -> None:
        self._schedule.on_set_back = self._follow_clock
        self._schedule.every(POLL_TICK, "poll", lambda: self._poll(rounds), first_at=app.now())
        self._schedule.every(timedelta(minutes=1), "health", self._overseer.oversee)
        self._schedule.every(timedelta(minutes=10), "source health", self._overseer.check_sources)
        if self._house.settings.ping_url:
            self._schedule.every(timedelta(minutes=5), "ping", self._ping, first_at=app.now() + timedelta(seconds=20))
        self._schedule.every(RENEW_EVERY, "lead", self._lead.renew, first_at=app.now())
        self._schedule.every(timedelta(minutes=1), "digests", self._leading(self._plan_digests), first_at=app.now())
        self._schedule.every(timedelta(hours=6), "pruning", self._leading(self._prune))

    async def _poll(self, rounds: Rounds) -> None:
        self._overseer.ticked()
        await rounds.begin()

    async def _follow_clock(self, step: timedelta) -> None:
        """Wait for nothing that was planned by a clock that has been set back since."""
        moved = await asyncio.to_thread(self._set_back, step)
        log.info("clock_followed", rows=moved)

    def _set_back(self, step: timedelta) -> int:
        with writing(self._house.engine) as tx:
            return set_back(tx, step, now=app.now())

    def _follow_stored_clock(self) -> None:
        with writing(self._house.engine) as tx:
            moved = set_back_while_away(tx, now=app.now())
        if moved:
            log.warning("clock_was_set_back", rows=moved)

    async def _ping(self) -> None:
        await self._overseer.ping(lambda: app.fetch_ping(self._house.settings))

    async def _answer(self, listen: str) -> None:
        from bot.operations.answering import build, host  # noqa: PLC0415 - only where it is on

        place = "STRAITWATCH_METRICS_LISTEN"
        await host(build(self._metrics, self._overseer.look), listen, self._stop, setting=place)

    def _leading(self, job: Job) -> Job:
        """Run a job only while this process leads: of several processes one plans and prunes."""

        async def run() -> None:
            if self._lead.held.is_set():
                await job()

        return run

    async def _plan_digests(self) -> None:
        settings = self._house.settings
        report = await plan_due(
            self._house.engine,
            now=app.now(),
            charts=self._charts,
            pictures=self._pictures,
            templates=settings.templates_dir,
        )
        if report.planned and self.sender is not None:
            self.sender.wake()

    async def _prune(self) -> None:
        before = app.now() - timedelta(days=self._house.settings.retention_days)
        removed = await asyncio.to_thread(prune, self._house.engine, before=before, now=app.now())
        log.info("pruned", **removed)

    async def _open_target(self, stack: AsyncExitStack) -> Target:
        settings = self._house.settings
        if not settings.token:
            return TerminalTarget(self._console, app.message_ids())
        from bot.telegram.notifier import TelegramTarget, make_bot, opened  # noqa: PLC0415 - only with a token

        bot = make_bot(settings.token, api=settings.telegram_api)
        await stack.enter_async_context(opened(bot))
        return TelegramTarget(bot)

    async def _converse(self, sender: Sender) -> None:
        from bot.telegram.admitting import admission  # noqa: PLC0415 - only with a token

        house, settings = self._house, self._house.settings
        services = Services(
            digest_now=lambda chat, now, preview: compose_now(
                house.engine,
                chat,
                now=now,
                preview=preview,
                charts=self._charts,
                pictures=self._pictures,
                templates=settings.templates_dir,
            ),
            find_feeds=lambda url: asyncio.run(app.find_feeds(settings, url)),
            assess=lambda articles, *, explain=False: self._assessor().assess(articles, explain=explain),
            health=lambda: [self.status()],
            wake=sender.wake,
            admit=admission(sender.desk.pacer, sender.desk.clock),
            versions=lambda: self._assessor().versions,
            zone=settings.zone,
            rules_most=settings.rules_per_chat,
            costly_most=settings.costly_rules_per_chat,
        )
        await converse(house, services, lead=self._lead, stop=self._stop)

    async def _show_pages(self) -> None:
        from bot.web.hosting import host  # noqa: PLC0415 - only where the page is on

        house = self._house
        await host(
            house.engine,
            house.settings,
            assessor=self._assessor,
            clock=app.now,
            stop=self._stop,
        )

    def _note(self, told: Told) -> None:
        self._reporter.polled(told)
        if self.sender is not None and told.counts.get("owed"):
            self.sender.wake()
