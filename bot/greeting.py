"""The first lines of `straitwatch run`: what is watched, where it is stored, who is told, and what to set next."""

from sqlalchemy import Connection

from bot.app import House
from bot.domain import ChatKind
from bot.storage import sources as source_rows
from bot.storage.chats import all_chats
from bot.storage.database import reading


def first_lines(house: House) -> list[str]:
    """Say what is watched, where it is stored, who is told, and what to set next."""
    settings = house.settings
    with reading(house.engine) as tx:
        active = [one for one in source_rows.all_sources(tx) if one.memory.enabled]
        waiting = sum(one.memory.error_streak > 0 for one in active)
        chats = _chat_words(tx, house)
    tiers = {tier: sum(one.source.tier == tier for one in active) for tier in (1, 2, 3, 4, 5)}
    place = house.engine.url.render_as_string(hide_password=True)
    lines = [
        f"[bold]Straitwatch[/] watches {len(active)} sources: {tiers[1]} official, {tiers[2]} wires, "
        f"{tiers[3]} trade press, {tiers[4] + tiers[5]} others" + (f" ({waiting} failing)" if waiting else ""),
        f"  stores   {place}",
        f"  tells    {chats}",
    ]
    if not settings.token:
        lines.append(
            "  next     set STRAITWATCH_TELEGRAM_TOKEN in .env (from @BotFather) to send alerts to Telegram; "
            "see docs/quickstart.md"
        )
    lines.append("  stop     Ctrl-C")
    return lines


def _chat_words(tx: Connection, house: House) -> str:
    chats = [chat for chat in all_chats(tx, enabled_only=True) if chat.kind is not ChatKind.TERMINAL]
    if not house.settings.token:
        return f"this terminal, from level {house.settings.terminal_level} on"
    if not chats:
        return "no chat yet: write /start to your bot"
    return f"{len(chats)} chats: " + ", ".join(chat.title or chat.key for chat in chats[:5])
