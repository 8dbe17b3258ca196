"""Which function answers which command, button and question. Pure tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.telegram.commands import (
    asking,
    broadcasting,
    carrying,
    delivering,
    erasing,
    managing,
    opening,
    owning,
    quieting,
    reading,
    ruling,
    subscribing,
)
from bot.telegram.commands.turns import Handler, Need
from bot.telegram.menus import alerts, listing, onboarding, rules, settings, sources, times, topics, zones

COMMANDS: Mapping[str, Handler] = {
    "start": opening.start,
    "help": opening.help_,
    "cancel": opening.cancel,
    "latest": reading.latest,
    "search": reading.search,
    "digest": reading.digest,
    "sources": reading.sources,
    "topics": subscribing.topics,
    "subscribe": subscribing.subscribe,
    "unsubscribe": subscribing.unsubscribe,
    "rules": ruling.rules,
    "addrule": ruling.addrule,
    "settings": settings.open_settings,
    "why": asking.why,
    "missed": asking.missed,
    "mute": quieting.mute,
    "pause": quieting.pause,
    "resume": quieting.resume,
    "delivery": delivering.delivery,
    "manage": managing.manage,
    "export": carrying.export,
    "import": carrying.import_,
    "deleteme": erasing.deleteme,
    "invite": owning.invite,
    "members": owning.members,
    "status": owning.status,
    "broadcast": broadcasting.broadcast,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """The handler of a button or of the answer to a question, and what one must be to use it."""

    handle: Handler
    need: Need = Need.MANAGER
    slow: bool = False
    attachment: bool = False
    administers: bool = False


_READER = Need.READER
PRESSES: Mapping[str, Press] = {
    "why": Press(handle=asking.why_pressed, need=_READER, slow=True),
    "snooze": Press(handle=alerts.snooze),
    "sn": Press(handle=alerts.snoozed),
    "up": Press(handle=alerts.up, need=_READER),
    "down": Press(handle=alerts.down, need=_READER),
    "fb": Press(handle=alerts.reason, need=_READER),
    "back": Press(handle=alerts.back, need=_READER),
    "page": Press(handle=listing.turn_page, need=_READER, slow=True),
    "topic": Press(handle=topics.toggle),
    "role": Press(handle=onboarding.role),
    "olevel": Press(handle=onboarding.level),
    "odigest": Press(handle=onboarding.digest),
    "ozone": Press(handle=onboarding.zone),
    "oquiet": Press(handle=onboarding.quiet),
    "done": Press(handle=onboarding.done),
    "set": Press(handle=settings.show),
    "put": Press(handle=settings.put),
    "hours": Press(handle=times.ask),
    "zone": Press(handle=zones.ask),
    "pick": Press(handle=zones.pick),
    "rule": Press(handle=rules.act),
    "draft": Press(handle=rules.draft),
    "unmute": Press(handle=quieting.unmute),
    "retry": Press(handle=delivering.retry),
    "manage": Press(handle=managing.chosen, administers=True),
    "erase": Press(handle=erasing.erase),
    "out": Press(handle=owning.shut_out, need=Need.OWNER),
    "source": Press(handle=sources.act, need=Need.OWNER),
    "cast": Press(handle=broadcasting.send, need=Need.OWNER),
}
QUESTIONS: Mapping[str, Press] = {
    "rule": Press(handle=ruling.query_given),
    "city": Press(handle=zones.city_given),
    "hours": Press(handle=times.given),
    "import": Press(handle=carrying.file_given, attachment=True),
}
