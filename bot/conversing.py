"""Conversations in chats: of several processes the one that leads takes Telegram's updates and answers them."""

import asyncio

from bot.app import House
from bot.operations.leading import Lead, first_of
from bot.telegram.commands.turns import Services


async def converse(house: House, services: Services, *, lead: Lead, stop: asyncio.Event) -> None:
    """Answer whenever this process leads, until `stop`; raises TokenRefusedError where Telegram refuses the token."""
    from bot.operations.answering import host  # noqa: PLC0415 - only with a token
    from bot.telegram.application import build_application, serve  # noqa: PLC0415 - the same

    while not stop.is_set():
        await first_of(lead.held, stop)
        if stop.is_set():
            return
        end = asyncio.Event()
        ending = asyncio.create_task(_end_with(lead, end, stop=stop))
        try:
            await serve(build_application(house.settings, house.engine, services), house.settings, end, host=host)
        finally:
            ending.cancel()


async def _end_with(lead: Lead, end: asyncio.Event, *, stop: asyncio.Event) -> None:
    await first_of(lead.lost, stop)
    end.set()
