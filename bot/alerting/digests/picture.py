"""What the digest's picture shows, in numbers and in words: Material -> ChartSpec and its alternative text. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from bot.alerting.charting import ChartSpec
from bot.alerting.digests.material import AlertRow, Material
from bot.alerting.quiet import zone_of
from bot.domain import AlertReason, Direction, Severity, Topic
from bot.telegram.strings import Translator

DAYS = 14
WEEKS = 6


def chart_spec(material: Material, *, level: Severity, zone: str, words: Translator, look: str = "dark") -> ChartSpec:
    """Count the alerts of the last 14 local days and the stories of six weeks, at a level and above.

    Weeks are stretches of seven days up to the period's end, named by the day on which they end. A story counts once a
    week under its main topic.
    """
    alerts = [one for one in material.alerts if one.severity >= level and one.reason is not AlertReason.MORE_SOURCES]
    home = zone_of(zone)
    last = material.period.end.astimezone(home).date()
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    local = [(alert.decided_at.astimezone(home).date(), alert.direction) for alert in alerts]
    up = tuple(local.count((day, Direction.TIGHTENING)) for day in days)
    down = tuple(local.count((day, Direction.EASING)) for day in days)
    first = material.period.start.astimezone(home).date()
    topics, heat = _heat(alerts, material)
    return ChartSpec(
        title=words.t("Alerts a day, {start} – {end}", start=_short(days[0], words), end=words.day(last)),
        days=tuple(str(day.day) for day in days),
        up=up,
        down=down,
        up_label=words.t("tightening"),
        down_label=words.t("easing"),
        now_from=max(days.index(first), 0) if first in days else 0,
        heat_title=words.t("Stories by topic, in the week to"),
        topics=tuple(words.topic(topic) for topic in topics),
        weeks=tuple(_week(last - timedelta(days=7 * back), words) for back in range(WEEKS - 1, -1, -1)),
        heat=heat,
        nothing=words.t("No alerts in six weeks"),
        look=look,
    )


def describe(spec: ChartSpec, words: Translator, *, last: date) -> str:
    """Give the alternative text of a picture whose `last` day is given: what it shows, in a sentence or two."""
    up, down = sum(spec.up), sum(spec.down)
    text = words.t("Picture: in 14 days {up} alerts of tightening and {down} of easing", up=up, down=down)
    both = [a + b for a, b in zip(spec.up, spec.down, strict=True)]
    if any(both):
        place = max(range(len(both)), key=lambda at: (both[at], at))
        day = _short(last - timedelta(days=len(both) - 1 - place), words)
        text += ", " + words.t("most of them on {day} ({count})", day=day, count=both[place])
    text += "."
    if spec.topics:
        row = max(range(len(spec.topics)), key=lambda at: spec.heat[at][-1])
        if spec.heat[row][-1]:
            text += " " + words.t(
                "Most stories this week: {topic} ({count}).", topic=spec.topics[row], count=spec.heat[row][-1]
            )
    return text


def _heat(alerts: Sequence[AlertRow], material: Material) -> tuple[list[Topic], tuple[tuple[int, ...], ...]]:
    stories: dict[tuple[Topic, int], set[str]] = {}
    for alert in alerts:
        back = (material.period.end - alert.decided_at) // timedelta(days=7)
        if alert.topics and 0 <= back < WEEKS:
            stories.setdefault((alert.topics[0], WEEKS - 1 - back), set()).add(alert.story_id)
    topics = [topic for topic in Topic if any(found == topic for found, _ in stories)]
    counts = tuple(tuple(len(stories.get((topic, week), ())) for week in range(WEEKS)) for topic in topics)
    return topics, counts


def _short(day: date, words: Translator) -> str:
    return words.day(day).rpartition(" ")[0]  # without the year


def _week(day: date, words: Translator) -> str:
    return _short(day, words).replace(" ", "\n", 1)
