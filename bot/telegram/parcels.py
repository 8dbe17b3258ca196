"""One delivery on its way: sends its parts in order, adapts to what Telegram refuses, and writes every outcome down."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import structlog

from bot.crashpoints import reached
from bot.domain import Chat
from bot.storage import outbox
from bot.storage.chats import trust
from bot.storage.outbox import UNKNOWN_MESSAGE, Claim
from bot.storage.paces import save_paces
from bot.storage.posts import Post, drop_post, save_post
from bot.telegram.desk import Desk, urgent
from bot.telegram.markup import halve
from bot.telegram.messages import Failure, FailureKind, Options, Outgoing, Part, TargetError
from bot.telegram.settling import OUTAGE, Action, Verdict, settle
from bot.telegram.verdicts import apply_verdict, move_to_general

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")
log = structlog.get_logger(__name__)
_CAME_TO_NOTHING = frozenset({FailureKind.UNSENT, FailureKind.RETRY, FailureKind.UNKNOWN})
_TOLD = "a message that was composed after this was decided says it already"
_SPLITS = 6  # how often one delivery may be halved before it is given up
_ANSWERED = timedelta(seconds=60)  # how long an accepted message proves that Telegram is there


class Parcel:
    """A claimed delivery with a committed intent for its next part."""

    def __init__(self, desk: Desk, held: Claim, outgoing: Outgoing) -> None:
        self._desk = desk
        self._held = held
        self._outgoing = outgoing
        self._chat: Chat = held.chat
        self._edit = outgoing.edit
        self._plain = False
        self._splits = 0
        self._lost = False
        self._doubted = False  # whether an earlier attempt at this part may have arrived

    async def carry(self, *, repeated: bool) -> None:
        """Send what is left; `repeated` where an earlier attempt may have arrived.

        Such a part is sent again only once Telegram answers at all: while answers stay away, each attempt could be
        another copy.
        """
        desk = self._desk
        self._doubted = repeated
        if repeated and desk.doubted_at is not None and (desk.accepted_at or desk.doubted_at) <= desk.doubted_at:
            try:
                await desk.target.check()
            except TargetError as error:
                await self._give_back(error.failure)
                return
            desk.doubted_at = None
        parts = self._outgoing.parts[len(self._held.delivery.message_ids) :]
        for place, part in enumerate(parts):
            if place and not await self._intend():
                return
            message_id = await self._send([part], first=not self._held.delivery.message_ids)
            if message_id is None:
                return
            last = place == len(parts) - 1
            await (self._close(message_id) if last else self._note(message_id))
            reached("sent_committed")
            if self._lost:
                return

    async def _send(self, queue: Sequence[Part], *, first: bool) -> int | None:
        """Send one part, which may become several; gives the first message id, or None where the parcel stops here."""
        waiting = list(queue)
        ids: list[int] = []
        while waiting:
            try:
                sent = await self._request(waiting[0], first=first and not ids)
            except TargetError as error:
                adapted = await self._adapt(error.failure, waiting)
                if adapted is False:
                    return None
                if adapted is not True:
                    ids.append(adapted)
                    waiting.pop(0)
            else:
                ids.append(sent)
                waiting.pop(0)
                self._accepted()
            if waiting and not await self._intend():
                return None
        return ids[0]

    async def _request(self, part: Part, *, first: bool) -> int:
        silent = self._outgoing.silent or not first  # one delivery makes one sound
        options = Options(reply_to=self._outgoing.reply_to if first else None, silent=silent, plain=self._plain)
        target = self._desk.target
        if self._edit is not None:
            return (await target.edit(self._chat, self._edit, part, options)).message_id
        return (await target.send(self._chat, part, options)).message_id

    def _accepted(self) -> None:
        self._desk.accepted()
        self._desk.counts["sent"] += 1
        self._doubted = False

    async def _adapt(self, failure: Failure, waiting: list[Part]) -> bool | int:
        """Change the request so that it may pass. Gives True to try again, a message id to go on, False to stop."""
        self._desk.counts[failure.kind.value] += 1
        if failure.kind is FailureKind.UNCHANGED and self._edit is not None:
            self._accepted()
            return self._edit
        if failure.kind is FailureKind.BAD_MARKUP and not self._plain:
            log.warning("markup_refused", delivery=self._held.delivery.id, reason=failure.reason)
            self._plain = True
            return True
        if failure.kind is FailureKind.TOO_LONG and self._splits < _SPLITS and (halves := halve(waiting[0])):
            self._splits += 1
            waiting[0:1] = halves[:1] if self._edit is not None else halves
            return True
        if failure.kind is FailureKind.NO_THREAD and self._chat.thread_id is not None:
            await self._leave_topic(failure)
            return True
        if failure.kind is FailureKind.GONE and self._edit is not None:
            await self._forget_message(self._edit)
            self._edit = None
            return True
        return await self._stop(failure)

    async def _leave_topic(self, failure: Failure) -> None:
        chat, now = self._chat, self._desk.clock.now()
        await self._desk.commit(lambda tx: move_to_general(tx, chat, failure.reason, now=now))
        self._chat = replace(chat, thread_id=None)

    async def _forget_message(self, message_id: int) -> None:
        chat = self._chat
        await self._desk.commit(lambda tx: drop_post(tx, chat.key, message_id))

    async def _stop(self, failure: Failure) -> bool | int:
        verdict = self._judge(failure)
        if verdict.action is Action.SKIP_PART:
            return UNKNOWN_MESSAGE
        await self._settle(failure, replace(verdict, unknown=verdict.unknown or self._doubted))
        return False

    def _judge(self, failure: Failure) -> Verdict:
        desk, now = self._desk, self._desk.clock.now()
        if failure.kind in _CAME_TO_NOTHING:
            desk.outage += 1
        if failure.kind is FailureKind.UNKNOWN or failure.maybe_sent:
            desk.doubted_at = now
        return settle(
            failure,
            self._held.delivery,
            now=now,
            chance=desk.chance.random(),
            others_pass=self._others_pass(now),
            outage=desk.outage,
        )

    def _others_pass(self, now: datetime) -> bool:
        accepted_at = self._desk.accepted_at
        return accepted_at is not None and now - accepted_at < _ANSWERED

    async def _settle(self, failure: Failure, verdict: Verdict) -> None:
        desk, held, now = self._desk, self._held, self._desk.clock.now()
        moment = now.timestamp()
        if verdict.hold_chat:
            desk.hold(held.chat.telegram_id, moment, verdict.hold_chat)
        if verdict.hold_all:
            desk.pacer.hold(None, moment + verdict.hold_all)
        if verdict.action is Action.STOP:
            desk.halted = failure.reason
        paces = desk.pacer.changes()

        def write(tx: "Connection") -> None:
            apply_verdict(tx, held, verdict, failure, now=now)
            save_paces(tx, paces)

        await desk.commit(write)
        away = desk.outage >= OUTAGE or not self._others_pass(now)
        if away and failure.kind in _CAME_TO_NOTHING and verdict.action is Action.RETRY:
            desk.waiting.put_off(held.delivery.id, verdict.at, now=now)
        log.warning("not_delivered", delivery=held.delivery.id, what=failure.kind.value, then=verdict.action.value)

    async def _give_back(self, failure: Failure) -> None:
        """Wait, with the doubt kept, until Telegram answers: the row stays marked as possibly sent."""
        failure = replace(failure, kind=FailureKind.STOP if failure.kind is FailureKind.STOP else FailureKind.UNSENT)
        verdict = replace(self._judge(failure), unknown=True)
        await self._settle(failure, verdict)

    async def _intend(self) -> bool:
        """Wait for a slot and commit the intent for the next request; False where the claim was lost meanwhile."""
        desk = self._desk
        while True:
            moment = desk.clock.now().timestamp()
            if desk.take(self._held, moment):
                break
            ready = desk.pacer.ready_at(self._held.chat, moment, urgent=urgent(self._held))
            await desk.clock.sleep(max(ready - moment, 0.001))
        now, held, paces = desk.clock.now(), self._held, desk.pacer.changes()

        def write(tx: "Connection") -> Claim | None:
            save_paces(tx, paces)
            return outbox.mark_intent(tx, held, now=now, until=now + desk.lease)

        renewed = await desk.commit(write)
        if renewed is None:
            return False
        self._held = renewed
        return True

    async def _note(self, message_id: int) -> None:
        held = self._held
        noted = await self._desk.commit(lambda tx: outbox.mark_part(tx, held, message_id))
        if noted is None:
            self._lost = True
        else:
            self._held = noted

    async def _close(self, message_id: int) -> None:
        held, outgoing, now = self._held, self._outgoing, self._desk.clock.now()
        ids = (*held.delivery.message_ids, message_id)
        new = self._edit is None

        def write(tx: "Connection") -> None:
            outbox.mark_sent(tx, held, now=now, message_ids=ids)
            outbox.cancel_told(tx, outgoing.tells, reason=_TOLD)
            trust(tx, held.chat.telegram_id)
            if outgoing.story_id and new and ids[0] != UNKNOWN_MESSAGE:
                save_post(
                    tx,
                    Post(
                        chat_key=held.delivery.chat_key,
                        message_id=ids[0],
                        story_id=outgoing.story_id,
                        alert_id=outgoing.alert_id,
                        root=outgoing.root,
                        sent_at=now,
                    ),
                )

        await self._desk.commit(write)
