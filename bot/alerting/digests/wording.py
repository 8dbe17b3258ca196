"""Put a digest into the words of its chat: Digest -> Sheet. Pure; numbers, dates and names are written here only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.alerting.digests.phrases import change_words, near_line, pipe_line, rule_line, skipped_line, trend_line
from bot.alerting.digests.sheet import Card, Group, Link, Section, Sheet
from bot.alerting.digests.values import DateAhead, DateKind, Digest, Entry, NearMiss, Trend
from bot.alerting.quiet import zone_of
from bot.domain import Direction, Story, StoryArticle
from bot.telegram.markup import one_line, safe_address
from bot.telegram.rendering import DIRECTION_MARKS, LEVEL_MARKS, source_words
from bot.telegram.strings import N_, Translator

_KINDS = {
    DateKind.EFFECTIVE: N_("takes effect"),
    DateKind.EXPIRES: N_("expires"),
    DateKind.COMMENTS: N_("comments close"),
}
_BEST = 2
_DATES = 12
_TRENDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many stories are shown as whole cards, and how many more as single lines; None means all."""

    full: int | None = 20
    brief: int | None = 30


CHAT_LIMITS = Limits()  # three or four messages on a phone
NO_LIMITS = Limits(full=None, brief=None)


class Wording:
    """Words the digests of one period in one language; remembers the cards of stories, which many chats share."""

    def __init__(self, words: Translator) -> None:
        self._words = words
        self._cards: dict[tuple[str, bool], Card] = {}
        self._lines: dict[DateAhead | Trend | NearMiss, Link] = {}

    def sheet(self, digest: Digest, limits: Limits = CHAT_LIMITS, *, picture: str = "") -> Sheet:
        """Give the digest in words; `picture` is the text that stands for its picture."""
        t = self._words.t
        shown, brief, left = _cut(digest.entries, limits)
        more = self._words.n("and {count} more story", "and {count} more stories", left) if left else ""
        zone = zone_of(digest.zone)
        start, end = (moment.astimezone(zone) for moment in (digest.period.start, digest.period.end))
        return Sheet(
            lang=self._words.lang,
            title=self._title(digest),
            subtitle=t(
                "{start} – {end} ({zone})",
                start=f"{self._words.day(start.date())} {start:%H:%M}",
                end=f"{self._words.day(end.date())} {end:%H:%M}",
                zone=digest.zone,
            ),
            notes=tuple(self._notes(digest)),
            lead=tuple(lead(digest, self._words)),
            groups=self._groups(shown, brief),
            more=more,
            sections=tuple(section for section in self._sections(digest) if section.lines),
            pipe=pipe_line(digest, self._words),
            feedback=self._feedback(digest),
            footer=t("Sent every day; /settings changes it.")
            if digest.daily
            else t("Sent every week; /settings changes it."),
            picture=picture,
        )

    def _title(self, digest: Digest) -> str:
        t = self._words.t
        if digest.preview:
            return t("Preview of the next digest")
        day = self._words.day(digest.period.end.astimezone(zone_of(digest.zone)).date())
        return t("The day to {day}", day=day) if digest.daily else t("The week to {day}", day=day)

    def _notes(self, digest: Digest) -> list[str]:
        t, notes = self._words.t, []
        if digest.late:
            due = digest.period.end.astimezone(zone_of(digest.zone))
            when = f"{self._words.day(due.date())} {due:%H:%M}"
            notes.append(t("Late: this digest was due on {when}.", when=when))
        notes += [skipped_line(period, note, self._words) for period, note in digest.personal.skipped]
        if digest.unknown_zone:
            name = one_line(digest.unknown_zone, 60)
            notes.append(t("The time zone {name} is not known (any more); times are in UTC. Set it anew.", name=name))
        if digest.pipe.broken:
            notes.append(t("⚠️ The watch does not work as it should: silence proves nothing this time."))
        return notes

    def _groups(self, shown: Sequence[Entry], brief: Sequence[Entry]) -> tuple[Group, ...]:
        cards: dict[str, list[Card]] = {}
        for entries, is_brief in ((shown, False), (brief, True)):
            for entry in entries:
                topics = entry.story.topics
                title = self._words.topic(topics[0]) if topics else self._words.t("Other changes")
                cards.setdefault(title, []).append(self._card(entry, brief=is_brief))
        return tuple(Group(title=title, cards=tuple(found)) for title, found in cards.items())

    def _card(self, entry: Entry, *, brief: bool) -> Card:
        key = (entry.story.id, brief)
        if key not in self._cards:
            self._cards[key] = card(entry, self._words, brief=brief)
        return self._cards[key]

    def _line(self, what: DateAhead | Trend | NearMiss) -> Link:
        if what not in self._lines:
            if isinstance(what, DateAhead):
                self._lines[what] = _date_line(what, self._words)
            elif isinstance(what, Trend):
                self._lines[what] = Link(text=trend_line(what, self._words))
            else:
                self._lines[what] = near_line(what, self._words)
        return self._lines[what]

    def _sections(self, digest: Digest) -> list[Section]:
        t, words = self._words.t, self._words
        rules = [Link(text=rule_line(report, words)) for report in digest.rules]
        if digest.ruleless:
            rules = [Link(text=t("No alert rules: everything at or above your level is shown."))]
        if digest.personal.sent:
            sent = words.n("{count} alert was sent to you.", "{count} alerts were sent to you.", digest.personal.sent)
            rules.append(Link(text=sent))
        dates = [self._line(ahead) for ahead in digest.dates[:_DATES]]
        trends = [self._line(trend) for trend in digest.trends[:_TRENDS]]
        near = [self._line(miss) for miss in digest.near]
        return [
            Section(title=t("Dates ahead: the next 30 days"), lines=tuple(dates)),
            Section(title=t("Against the four weeks before"), lines=tuple(trends)),
            Section(title=t("Your rules"), lines=tuple(rules)),
            Section(title=t("Just under the threshold"), lines=tuple(near)),
        ]

    def _feedback(self, digest: Digest) -> str:
        own = digest.personal
        if not own.useful + own.useless:
            return ""
        return self._words.t("Your feedback: 👍 {useful} · 👎 {useless}", useful=own.useful, useless=own.useless)


def lead(digest: Digest, words: Translator) -> list[str]:
    """Give the headline paragraph: what there was, what weighs most, and what moved or comes next."""
    t = words.t
    if digest.quiet:
        return [quiet_line(digest, words), *_next_line(digest, words)]
    ways = Counter(entry.story.direction for entry in digest.entries)
    other = len(digest.entries) - ways[Direction.TIGHTENING] - ways[Direction.EASING]
    first = words.n("{count} story", "{count} stories", len(digest.entries))
    first += ": " + t("{up} tightening, {down} easing", up=ways[Direction.TIGHTENING], down=ways[Direction.EASING])
    first += (", " + t("{other} mixed or unclear", other=other)) if other else ""
    top = digest.entries[0].story
    second = t("Gravest: {headline}", headline=one_line(top.headline, 160)) + f" ({_level_and_stage(top, words)})"
    third = [trend_line(trend, words) for trend in digest.trends[:1] if trend.usual is not None]
    return [first + ".", second, *(t("Moved most: {trend}", trend=line) for line in third)][:3] or [first]


def quiet_line(digest: Digest, words: Translator) -> str:
    """Say that there is nothing to say, and prove that it is so, or admit that it cannot be known."""
    t = words.t
    if digest.pipe.broken:
        return t("Nothing to tell, but the watch did not work: this is no proof of a quiet time.")
    start = t("A quiet day:") if digest.daily else t("A quiet week:")
    level = words.severity(digest.level)
    return f"{start} {pipe_line(digest, words)} " + t("Nothing reached your level ({level}).", level=level)


def card(entry: Entry, words: Translator, *, brief: bool = False) -> Card:
    """Give a story in words: the best two sources, the official document first; `brief` asks for one line."""
    story = entry.story
    publishers = len(story.publishers)
    return Card(
        mark=LEVEL_MARKS[story.severity],
        level=words.severity(story.severity),
        signal=" · ".join(
            word
            for word in (
                f"{DIRECTION_MARKS[story.direction]} {words.direction(story.direction)}".strip(),
                words.stage(story.stage),
            )
            if word
        ),
        headline=one_line(story.headline) or words.t("(no headline)"),
        url=safe_address(story.sources[0].url) if story.sources else "",
        change=change_words(entry, words),
        dates=_dates(story, words),
        publishers=words.n("{count} independent publisher", "{count} independent publishers", publishers),
        sources=tuple(_source(article, words) for article in story.sources[:_BEST]),
        brief=brief,
    )


def _level_and_stage(story: Story, words: Translator) -> str:
    return ", ".join(word for word in (words.severity(story.severity), words.stage(story.stage)) if word)


def _next_line(digest: Digest, words: Translator) -> list[str]:
    if not digest.dates:
        return []
    first = digest.dates[0]
    title = one_line(first.title, 160)
    return [words.t("Next date: {day}, {title}", day=words.day(first.on), title=title)]


def _source(article: StoryArticle, words: Translator) -> Link:
    before, text, url, after = source_words(article, words)
    return Link(before=before, text=text, url=url, after=after)


def _dates(story: Story, words: Translator) -> str:
    dates = (
        (DateKind.EFFECTIVE, story.effective_on),
        (DateKind.EXPIRES, story.expires_on),
        (DateKind.COMMENTS, story.comment_due_on),
    )
    found = [f"{words.t(_KINDS[kind])} {words.day(on)}" for kind, on in dates if on is not None]
    return "📅 " + " · ".join(found) if found else ""


def _date_line(ahead: DateAhead, words: Translator) -> Link:
    verify = " · " + words.t("to verify") if ahead.verify else ""
    return Link(
        before=f"{words.day(ahead.on)} · {words.t(_KINDS[ahead.kind])}: ",
        text=one_line(ahead.title, 200) or words.t("(no headline)"),
        url=safe_address(ahead.url),
        after=verify,
    )


def _cut(entries: Sequence[Entry], limits: Limits) -> tuple[Sequence[Entry], Sequence[Entry], int]:
    if limits.full is None:
        return entries, (), 0
    if limits.brief is None:
        return entries[: limits.full], entries[limits.full :], 0
    end = limits.full + limits.brief
    return entries[: limits.full], entries[limits.full : end], max(len(entries) - end, 0)
