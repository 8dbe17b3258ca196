"""The sender: claims deliveries in order of urgency, keeps the pace, and has parcels carried side by side.

One round: claim -> compose and commit the intents -> carry. Each message is in flight between two commits, so a crash
at any point loses nothing and repeats at most what was in flight.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.crashpoints import reached
from bot.domain import Delivery, DeliveryKind
from bot.errors import StorageError
from bot.storage import outbox
from bot.storage.batching import fold_batches
from bot.storage.leases import Watched, hold_lease, release_lease
from bot.storage.outbox import UNKNOWN_MESSAGE, Claim
from bot.storage.paces import drop_paces, load_paces, save_paces
from bot.storage.transactions import looking, writing
from bot.telegram.clocks import Clock, SystemClock
from bot.telegram.composing import REPEAT, Composer
from bot.telegram.desk import Desk, Offload
from bot.telegram.messages import Outgoing, Target
from bot.telegram.pacing import Pacer
from bot.telegram.parcels import Parcel
from bot.telegram.settling import OUTAGE

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=90)  # outlives the slowest request: connect, write and read time-outs together
GRACE = 10.0  # seconds that messages in flight get when the process is asked to stop
_POLL = 1.0  # seconds between looks into an idle outbox: another process may have written to it


class Sender:
    """Empties the outbox into one target. Several may run; the one that holds the lease called `name` sends.

    `concurrency` messages may be in flight at once, so that slow chats do not block the others. `offload` runs what
    blocks; `chance` gives the jitter. `on_alert` gets the id of each alert that was carried, for the figures, but of
    none that may have arrived before.
    """

    def __init__(
        self,
        engine: "Engine",
        target: Target,
        compose: Composer,
        pacer: Pacer | None = None,
        *,
        name: str = "sender",
        holder: str = "one",
        clock: Clock | None = None,
        lease: timedelta = LEASE,
        tenure: timedelta = timedelta(seconds=15),
        concurrency: int = 48,
        offload: Offload = asyncio.to_thread,
        chance: random.Random | None = None,
        on_alert: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._compose = compose
        self._on_alert = on_alert
        self._name = name
        self._holder = holder
        self._tenure = tenure
        self._watched = Watched(tenure * 1.5)
        self._concurrency = concurrency
        self._leads_until: datetime | None = None
        self._flying: dict[asyncio.Task[None], str] = {}
        self._wake = asyncio.Event()
        self.desk = Desk(
            engine=engine,
            target=target,
            pacer=pacer or Pacer(),
            clock=clock or SystemClock(),
            offload=offload,
            lease=lease,
            chance=chance or random.Random(),  # noqa: S311 - jitter, no secret
        )

    def wake(self) -> None:
        """Look into the outbox at once: something was put there."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; then finish what is in flight, within ten seconds, and give the lease back.

        Raises TokenRefusedError where Telegram refuses the token: the queue is kept.
        """
        watcher = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set() and not self.desk.halted:
                if not await self._turn():
                    await self._rest()
        finally:
            watcher.cancel()
            await self._land()
        self._raise_if_halted()

    async def drain(self) -> int:
        """Send everything that is due by now and return how many messages left; for demonstrations and tests.

        Ends early, with the rest still owed, once several requests in a row came to nothing. Raises TokenRefusedError
        as `run` does, StorageError where the database cannot be used.
        """
        before = self.desk.counts["sent"]
        self.desk.outage = 0
        while not self.desk.halted and self.desk.outage < OUTAGE:
            if await self._round():
                continue
            if not self._flying and not await self.desk.offload(self._anything_due):
                break
            await self._rest()
        await self._land()
        self._raise_if_halted()
        return self.desk.counts["sent"] - before

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _turn(self) -> int:
        try:
            return await self._round()
        except StorageError as error:
            self.desk.counts["storage_trouble"] += 1
            log.error("outbox_unusable", error=str(error))  # noqa: TRY400 - the text says it all
            return 0

    async def _round(self) -> int:
        """Start what may leave now; returns how many parcels."""
        desk = self.desk
        self._wake.clear()
        now = desk.clock.now()
        if not await self._lead(now):
            return 0
        if desk.waiting.may_ask(now):
            await desk.ask(now)
        moment = now.timestamp()
        room = min(desk.pacer.free(moment), self._concurrency - len(self._flying))
        if room < 1:
            return 0
        skip, busy = desk.pacer.blocked(moment), frozenset(self._flying.values())
        crowded = desk.pacer.crowded(moment)
        claims = await desk.offload(lambda: self._claim(now, room, skip, crowded, busy))
        if not claims:
            return 0
        reached("lease_taken")
        # Slots are taken here, on the event loop, where no other parcel can take the same one.
        admitted = {held.delivery.id for held in claims if desk.take(held, moment)}
        paces, stale = desk.pacer.changes(), desk.pacer.stale(moment)
        ready = await desk.offload(lambda: self._prepare(claims, admitted, paces, stale, now))
        reached("intent_committed")
        for held, outgoing, repeated in ready:
            desk.waiting.take(held.delivery.id)
            task = asyncio.create_task(self._carry(held, outgoing, repeated=repeated))
            self._flying[task] = held.delivery.chat_key
            task.add_done_callback(self._landed)
        return len(claims)

    async def _carry(self, held: Claim, outgoing: Outgoing, *, repeated: bool) -> None:
        await Parcel(self.desk, held, outgoing).carry(repeated=repeated)
        if self._on_alert is not None and held.delivery.kind is DeliveryKind.ALERT and not repeated:
            await self._on_alert(held.delivery.id)

    async def _lead(self, now: datetime) -> bool:
        """Hold the sender's lease, renewed at a third of its time; take over the pace of whoever held it before.

        Where the clock was set back since, the lease is renewed as well: others take one that is not for a dead one's.
        """
        taken_at = None if self._leads_until is None else self._leads_until - self._tenure
        if taken_at is not None and taken_at <= now < taken_at + self._tenure / 3:
            return True
        until, led = now + self._tenure, self._leads_until is not None
        got, paces = await self.desk.offload(lambda: self._take_lead(now, until, load=not led))
        self._leads_until = until if got else None
        if paces is not None:
            self.desk.pacer.restore(paces)
        return got

    def _take_lead(
        self, now: datetime, until: datetime, *, load: bool
    ) -> tuple[bool, Mapping[str, tuple[float, ...]] | None]:
        with writing(self.desk.engine) as tx:
            got = hold_lease(tx, self._name, holder=self._holder, now=now, until=until, watched=self._watched)
            return got, load_paces(tx) if got and load else None

    def _claim(
        self, now: datetime, room: int, skip: frozenset[int], crowded: frozenset[int], busy: frozenset[str]
    ) -> list[Claim]:
        desk = self.desk
        with looking(desk.engine) as tx:
            ripe = outbox.held_ready(tx, now=now)
        if ripe:
            with writing(desk.engine) as tx:
                fold_batches(tx, now=now)
                outbox.ripen(tx, now=now)
        kinds = desk.target.kinds
        return outbox.claim(
            desk.engine,
            now=now,
            lease=desk.lease,
            limit=room,
            kinds=kinds,
            skip_ids=skip,
            urgent_only=crowded,
            busy=busy,
        )

    def _prepare(
        self,
        claims: list[Claim],
        admitted: set[str],
        paces: Mapping[str, tuple[float, ...]],
        stale: list[str],
        now: datetime,
    ) -> list[tuple[Claim, Outgoing, bool]]:
        """Compose what leaves and commit its intent and its slot; the rest is given back untouched."""
        ready = []
        with writing(self.desk.engine) as tx:
            save_paces(tx, paces)
            drop_paces(tx, stale)
            for held in claims:
                if held.delivery.id not in admitted:
                    outbox.mark_retry(tx, held, at=now, error=held.delivery.last_error, counted=False, unknown=True)
                    continue
                parcel = self._compose_one(tx, held, now)
                if parcel is not None:
                    ready.append(parcel)
        return ready

    def _compose_one(self, tx: "Connection", held: Claim, now: datetime) -> tuple[Claim, Outgoing, bool] | None:
        repeated = held.in_flight_at is not None
        try:
            outgoing = self._compose(tx, _told(held.delivery, repeated=repeated), held.chat)
        except (ValueError, KeyError, TypeError) as error:  # a payload that no version of ours could have written
            outbox.park(tx, held, f"cannot be rendered: {type(error).__name__}")
            log.exception("not_rendered", delivery=held.delivery.id)
            return None
        if outgoing.skip or not outgoing.parts:
            outbox.cancel(tx, held, outgoing.skip or "nothing to say")
            return None
        if repeated and held.delivery.kind is DeliveryKind.DIGEST:
            held = outbox.mark_part(tx, held, UNKNOWN_MESSAGE) or held
            repeated = False
        if len(held.delivery.message_ids) >= len(outgoing.parts):
            outbox.mark_sent(tx, held, now=now, message_ids=held.delivery.message_ids)
            return None
        intent = outbox.mark_intent(tx, held, now=now, until=now + self.desk.lease)
        return None if intent is None else (intent, outgoing, repeated)

    def _anything_due(self) -> bool:
        with looking(self.desk.engine) as tx:
            return outbox.anything_ready(tx, now=self.desk.clock.now(), kinds=self.desk.target.kinds)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.pop(task, None)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.desk.counts["bugs"] += 1
            log.error("parcel_failed", exc_info=error)  # its lease runs out, and it is tried again

    async def _rest(self) -> None:
        """Wait for something to change: a wake-up, a parcel that landed, a slot that comes free, or the next look."""
        moment = self.desk.clock.now().timestamp()
        times = [self.desk.pacer.overall_at(moment), self.desk.pacer.next_release(moment)]
        waits = [time - moment for time in times if time is not None and time > moment]
        sleep = asyncio.create_task(self.desk.clock.sleep(min([_POLL, *(max(wait, 0.001) for wait in waits)])))
        wake = asyncio.create_task(self._wake.wait())
        _, pending = await asyncio.wait({sleep, wake}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

    async def _land(self) -> None:
        """Let what is in flight finish, then give the lease back; what is late is in doubt, not lost."""
        if self._flying:
            _, late = await asyncio.wait(list(self._flying), timeout=GRACE)
            for task in late:
                task.cancel()
        self._leads_until = None
        try:
            await self.desk.offload(self._step_down)
        except StorageError as error:
            log.warning("lease_not_released", error=str(error))

    def _step_down(self) -> None:
        with writing(self.desk.engine) as tx:
            release_lease(tx, self._name, holder=self._holder)

    def _raise_if_halted(self) -> None:
        if self.desk.halted:
            from bot.telegram.errors import TokenRefusedError  # noqa: PLC0415 - imports the library

            raise TokenRefusedError(
                f"Telegram refuses the bot token ({self.desk.halted}). The queue is kept: set a valid token and restart"
            )


def _told(delivery: Delivery, *, repeated: bool) -> Delivery:
    return replace(delivery, payload={**delivery.payload, REPEAT: True}) if repeated else delivery
