"""Dates ahead as an iCalendar file that calendar programs subscribe to; icalendar's home. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.alerting.digests.building import calendar_dates, dates_of
from bot.alerting.digests.sunsets import Sunset
from bot.alerting.digests.values import DateAhead, DateKind
from bot.domain import Story, derive_id
from bot.telegram.markup import one_line, safe_address
from bot.telegram.strings import N_, Translator

if TYPE_CHECKING:
    from icalendar import Event

YEAR = timedelta(days=366)
_WORDS = {
    DateKind.EFFECTIVE: N_("Takes effect: {title}"),
    DateKind.EXPIRES: N_("Expires: {title}"),
    DateKind.COMMENTS: N_("Comments close: {title}"),
}


def calendar(stories: Iterable[Story], sunsets: Sequence[Sunset], words: Translator, *, today: date) -> bytes:
    """Give all dates of the coming year as all-day events.

    An event keeps its UID when its date moves, so that calendars move it too. The shipped calendar's dates say that
    they are to be verified. Equal input gives equal bytes.
    """
    from icalendar import Calendar  # noqa: PLC0415 - a tenth of a second, for exports only

    made = Calendar()
    made.add("prodid", "-//Straitwatch//Dates ahead//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", words.t("Straitwatch: dates ahead"))
    made.add("x-published-ttl", "PT6H")
    known = {story.id: story for story in stories}
    ahead = [one for story in known.values() for one in dates_of(story, today, ahead=YEAR)]
    ahead += calendar_dates(sunsets, today, ahead=YEAR)
    for one in sorted(ahead, key=lambda one: (one.on, one.id, one.kind)):
        story = known.get(one.id)
        stamp = story.last_at if story is not None else datetime.combine(today, time(), tzinfo=UTC)
        made.add_component(_event(one, stamp, words))
    return bytes(made.to_ical())


def _event(ahead: DateAhead, stamp: datetime, words: Translator) -> "Event":
    from icalendar import Event  # noqa: PLC0415 - see above

    made = Event()
    made.add("uid", f"{derive_id(ahead.id, ahead.kind.value)}@straitwatch")
    made.add("dtstamp", stamp)
    made.add("dtstart", ahead.on)
    made.add("summary", words.t(_WORDS[ahead.kind], title=one_line(ahead.title) or words.t("(no headline)")))
    made.add("transp", "TRANSPARENT")  # it does not make anybody busy
    notes = [words.t("To verify: the date is not confirmed by the legal text.")] if ahead.verify else []
    if address := safe_address(ahead.url):
        made.add("url", address)
        notes.append(address)
    if notes:
        made.add("description", "\n".join(notes))
    return made
