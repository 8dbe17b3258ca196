"""The digest's single lines: changes, trends, rules, near misses, the pipe. Pure."""

from bot.alerting.digests.sheet import Link
from bot.alerting.digests.values import Digest, Entry, NearMiss, RuleReport, Trend
from bot.telegram import rendering
from bot.telegram.markup import one_line, safe_address
from bot.telegram.menus.roles import title_of
from bot.telegram.strings import Translator

SKIPPED = "skipped"  # note of a period that was over too long when Straitwatch came back
PAUSED = "paused"  # note of a period that ended while the chat was paused
UNASKED = "unasked"  # note of a period that became due by a change of settings, long after its end: nothing to tell
UNSUBSCRIBED = "unsubscribed"  # note of a period of a chat that asked for nothing: it is told once how to
_STEADY = 0.25  # a topic within a quarter of its mean has not moved
_FAILING = 3  # names of failing sources shown


def change_words(entry: Entry, words: Translator) -> str:
    """Say what changed since the last digest: new, each change in order, or no change."""
    found = [words.t("new")] if entry.new else []
    found += [rendering.change_words(one.reason, one.was, entry.story, words) for one in entry.changes]
    return " · ".join(dict.fromkeys(found)) or words.t("more reports")


def trend_line(trend: Trend, words: Translator) -> str:
    """Give a topic's number of stories against its mean."""
    topic = words.topic(trend.topic)
    if trend.usual is None:
        return f"{topic} {trend.count} " + words.t("(too early to compare)")
    usual = number(trend.usual, words, digits=1)
    change = trend.count - trend.usual
    steady = abs(change) < 1 or abs(change) <= _STEADY * trend.usual
    arrow = "→" if steady else "↑" if change > 0 else "↓"
    return f"{topic} {trend.count} {arrow} " + words.t("(usual: {usual})", usual=usual)


def rule_line(report: RuleReport, words: Translator) -> str:
    """Give what a rule did."""
    name = title_of(report.name, words) or words.t("unnamed rule")
    if report.broken:
        return f"{name}: " + words.t("cannot be read ({why}); please write it anew", why=one_line(report.broken, 160))
    if report.paused:
        return f"{name}: " + words.t("paused")
    found = [words.n("{count} story", "{count} stories", report.hits)]
    if report.suppressed:
        found.append(words.t("{count} below the level", count=report.suppressed))
    if report.snoozed:
        found.append(words.t("{count} snoozed", count=report.snoozed))
    return f"{name}: " + ", ".join(found)


def near_line(miss: NearMiss, words: Translator) -> Link:
    """Give an item that was not flagged, with its probability in per cent."""
    return Link(
        before=f"{_percent(miss.probability, words)} · ",
        text=one_line(miss.title, 200) or words.t("(no headline)"),
        url=safe_address(miss.url),
        after=f" · {one_line(miss.publisher, 60)}" if miss.publisher else "",
    )


def pipe_line(digest: Digest, words: Translator) -> str:
    """Give the state of the watch in one line."""
    pipe, t = digest.pipe, words.t
    found = [
        t("{healthy} of {all} sources healthy", healthy=pipe.healthy, all=pipe.sources),
        words.n("{number} item read", "{number} items read", pipe.read, number=number(pipe.read, words)),
        t("{number} flagged", number=number(pipe.flagged, words)),
    ]
    if digest.highest is not None and digest.quiet:
        found.append(t("highest probability {percent}", percent=_percent(digest.highest, words)))
    line = ", ".join(found) + "."
    if pipe.failing:
        names = ", ".join(one_line(name, 40) for name in pipe.failing[:_FAILING])
        more = " …" if len(pipe.failing) > _FAILING else ""
        line += " " + t("Not answering: {names}", names=names + more) + "."
    return line


def skipped_line(period: str, note: str, words: Translator) -> str:
    """Say why there was no digest for a period."""
    if note == PAUSED:
        return words.t("No digest was sent in {period}: this chat was paused.", period=period)
    return words.t("No digest was sent in {period}: Straitwatch was not running.", period=period)


def number(value: float, words: Translator, digits: int = 0) -> str:
    """Write a number with the separators of the language."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if words.lang == "de" else text


def _percent(probability: float, words: Translator) -> str:
    return f"{number(probability * 100, words)} %"
