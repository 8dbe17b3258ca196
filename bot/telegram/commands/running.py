"""Run a handler in a transaction that also notes its update, then send what it answers."""

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain import Chat, ChatKind
from bot.storage.access import first_time
from bot.storage.chats import load_chat
from bot.storage.transactions import looking, writing
from bot.telegram.commands.conversing import Pressed, known_chat, short_of, store
from bot.telegram.commands.events import Event
from bot.telegram.commands.replying import Replier
from bot.telegram.commands.turns import Answer, Handler, Need, Person, Services, Turn, bold, line, say
from bot.telegram.markup import TEXT_LIMIT, one_line, units
from bot.telegram.strings import strings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from telegram import Bot


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A handler with what it needs to run: where, about which chat, and as what the person was found."""

    handle: Handler
    event: Event
    subject: Chat | None = None  # None: the chat where it happened
    pressed: Pressed | None = None
    rank: Need = Need.READER
    slow: bool = False
    attachment: bytes | None = None
    enrol: bool = False  # whether the chat is stored where it is new, and written to again where it was off
    administers: tuple[int, ...] = ()


class Runner:
    """Carries out jobs."""

    def __init__(self, engine: "Engine", services: Services) -> None:
        self._engine = engine
        self._services = services

    async def carry_out(self, bot: "Bot", job: Job) -> None:
        """Run a job and send its answer; an update that came before changes nothing and is not answered again."""
        event, replier = job.event, Replier(bot, self._engine, self._services)
        done = await asyncio.to_thread(self._run, bot.username, job)
        if done is None:
            if event.kind == "press":
                await replier.toast(event.query_id, "")
            return
        turn, answer = done
        if event.kind == "press":
            await replier.toast(event.query_id, answer.toast, loud=answer.loud)
        while answer.later is not None:
            answer = await asyncio.to_thread(self._later, turn, answer)
        if answer.wake and self._services.wake is not None:
            self._services.wake()
        group = event.chat_kind in {ChatKind.GROUP, ChatKind.SUPERGROUP}
        pressed = event.message_id if event.kind == "press" else None
        reply_to = event.message_id if group else None
        await replier.send(turn.here, _headed(turn, answer), pressed=pressed, reply_to=reply_to)
        if answer.enlist:
            from bot.telegram.command_lists import enlist  # noqa: PLC0415 - imports the library

            await enlist(bot, turn.person.id)

    def _run(self, bot_name: str, job: Job) -> tuple[Turn, Answer] | None:
        """Run a handler in its transaction; a slow reader runs after it, without a lock."""
        now = self._services.clock.now()
        with writing(self._engine) as tx:
            if not first_time(tx, job.event.update_id, now=now):
                return None
            turn = self._turn(tx, bot_name, job)
            if not job.slow:
                answer = job.handle(turn)
                store(tx, turn, answer)
                return turn, answer
        with looking(self._engine) as tx:
            answer = job.handle(replace(turn, tx=tx))
        if answer.later is None:
            self._store(turn, answer)
        return turn, answer

    def _later(self, turn: Turn, answer: Answer) -> Answer:
        assert answer.later is not None
        done = answer.later()
        self._store(turn, done)
        return done

    def _store(self, turn: Turn, answer: Answer) -> None:
        if answer.menu is not None or answer.asks is not None:
            with writing(self._engine) as tx:
                store(tx, turn, answer)

    def _turn(self, tx: "Connection", bot_name: str, job: Job) -> Turn:
        event, now, pressed = job.event, self._services.clock.now(), job.pressed
        here = known_chat(tx, event, now=now, zone=self._services.zone, enrol=job.enrol)
        chat = here if job.subject is None else load_chat(tx, job.subject.key) or job.subject
        button = pressed if event.kind == "press" else None
        return Turn(
            tx=tx,
            engine=self._engine,
            services=self._services,
            now=now,
            here=here,
            chat=chat,
            person=Person(id=event.user_id, name=event.user_name, lang=event.lang),
            words=strings(here.lang),
            need=job.rank,
            command=event.command,
            args=button.arg if button is not None else event.text,
            short=button.short if button is not None else short_of(event),
            state=pressed.state if pressed is not None else {},
            reply_to=event.reply_to,
            message_id=event.message_id,
            location=event.location,
            attachment=job.attachment,
            bot_name=bot_name,
            administers=job.administers,
        )


def _headed(turn: Turn, answer: Answer) -> Answer:
    """Say above an answer which chat it is about, where that is not the chat it stands in."""
    if turn.chat.key == turn.here.key or not answer.parts:
        return answer
    title = one_line(turn.chat.title, 100) or turn.chat.key
    (head,) = say(line("📣 ", bold(title)))
    first = answer.parts[0]
    if max(units(first.html), units(first.plain)) + units(head.html) + 2 > TEXT_LIMIT:
        return replace(answer, parts=(head, *answer.parts))
    joined = replace(first, html=f"{head.html}\n{first.html}", plain=f"{head.plain}\n{first.plain}")
    return replace(answer, parts=(joined, *answer.parts[1:]))
