"""Let answers take their slots from the sender's pace, so that both together keep Telegram's limits."""

from collections.abc import Awaitable, Callable

from bot.domain import Chat
from bot.telegram.clocks import Clock
from bot.telegram.pacing import Pacer

LONGEST_WAIT = 20.0  # seconds; an answer later than this helps nobody, and Telegram itself has the last word


def admission(pacer: Pacer, clock: Clock) -> Callable[[Chat], Awaitable[None]]:
    """Give the `admit` of `Services`: it waits until a request to a chat may leave, and takes the slot."""

    async def admit(chat: Chat) -> None:
        begun = clock.now().timestamp()
        now = begun
        while not pacer.take(chat, now, urgent=False) and now - begun < LONGEST_WAIT:
            await clock.sleep(max(0.01, min(pacer.ready_at(chat, now, urgent=False) - now, LONGEST_WAIT)))
            now = clock.now().timestamp()

    return admit
