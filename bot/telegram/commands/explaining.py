"""Put the reasons for an alert into words: rules, probability and terms, sources, and what nearly stopped it."""

from collections.abc import Callable

from bot.alerting.quiet import quiet_end
from bot.alerting.routing import Snooze, route
from bot.domain import Assessment, DeliveryState, Severity, Story
from bot.storage import history
from bot.storage.history import Fate, Told
from bot.storage.subscriptions import subscriptions_of
from bot.telegram.commands.matching import matching, wanting
from bot.telegram.commands.turns import Turn, bold, code, line
from bot.telegram.markup import Block, Span, one_line
from bot.telegram.menus.roles import title_of
from bot.telegram.menus.zones import local
from bot.telegram.reasons import reason_words
from bot.telegram.rendering import LEVEL_MARKS
from bot.telegram.strings import N_

SHOWN_TERMS = 8
NEAR = 0.1  # how close to a threshold counts as "nearly"

SILENT = {  # what `bot.alerting.routing` calls it -> what users are told
    "chat_disabled": N_("Telegram did not let me write here"),
    "snoozed_story": N_("the story is muted"),
    "snoozed_topic": N_("its topic is muted"),
    "snoozed_entity": N_("a company in it is muted"),
    "snoozed_rule": N_("the rule is muted"),
    "below_level": N_("the story is below the level set here"),
    "digest_only": N_("it comes with the digest only"),
    "": N_("the rule is newer than the story"),
}

Terms = Callable[[], list[Block]]


def explain(turn: Turn, told: Told) -> tuple[list[Block], Terms | None]:
    """Explain a story to a chat; the classifier's terms are worked out later where they were not stored."""
    story, assessment = told.story, told.assessment
    fate = history.fate(turn.tx, turn.chat.key, story.id)
    blocks = [
        line(f"{LEVEL_MARKS[story.severity]} ", bold(one_line(story.headline, 200) or turn.t("(no headline)"))),
        *_rules(turn, told, fate),
        line(
            turn.t("Classifier: {probability} that it reports a change.", probability=f"{assessment.probability:.0%}"),
            gap=True,
        ),
        line(turn.t("Flagged because: {reason}.", reason=reason_words(assessment.reason, turn.words))),
        *_catalog(turn, assessment),
        *_sources(turn, story),
        *_nearly(turn, told),
        *fate_lines(turn, story.id),
    ]
    versions = turn.t(
        "Model {model}, rules {rules}.", model=assessment.model_version or "–", rules=assessment.rules_version or "–"
    )
    identity = line(versions + " ", code(story.id), gap=True)
    if assessment.terms:
        return [*blocks, *_terms(turn, assessment), identity], None
    if turn.services.assess is None:
        return [*blocks, identity], None
    assess, article = turn.services.assess, told.article

    def terms() -> list[Block]:
        return [*_terms(turn, assess([article], explain=True)[0]), identity]

    return blocks, terms


def short_reason(turn: Turn, story_id: str) -> str:
    """Explain a story in the 200 characters of a box."""
    found = history.told(turn.tx, [story_id])
    if not found:
        return turn.t("I have no such story (any more).")
    story, assessment = found[0].story, found[0].assessment
    matched = history.fate(turn.tx, turn.chat.key, story.id).rules[:2]
    rules = ", ".join(one_line(title_of(name, turn.words), 30) for name, _ in matched)
    publishers = turn.n("{count} independent publisher", "{count} independent publishers", len(story.publishers))
    words = [rules, f"{assessment.probability:.0%}", publishers, reason_words(assessment.reason, turn.words, 80)]
    return one_line(" · ".join(word for word in words if word), 190)


def fate_lines(turn: Turn, story_id: str) -> list[Block]:
    """Say whether this chat was told about a story, and what kept it from being told."""
    fate = history.fate(turn.tx, turn.chat.key, story_id)
    if history.has_message(turn.tx, turn.chat.key, story_id) or fate.state is DeliveryState.SENT:
        return [line(turn.t("This chat was told."))]
    if fate.state in {DeliveryState.HELD, DeliveryState.DUE} and fate.not_before is not None:
        return [line(turn.t("It is owed to this chat and leaves at {time}.", time=local(turn.chat, fate.not_before)))]
    if fate.state in {DeliveryState.PARKED, DeliveryState.CANCELLED}:
        return [line(turn.t("It was not delivered here: {reason}.", reason=one_line(fate.last_error, 150)))]
    return [line(_why_not(turn, story_id))]


def _why_not(turn: Turn, story_id: str) -> str:
    """Ask the routing itself why it would stay silent."""
    found = history.told(turn.tx, [story_id])
    subscriptions = subscriptions_of(turn.tx, turn.chat.key)
    if not subscriptions:
        return turn.t("This chat was not told: it has no subscription.")
    awake = [one for one in subscriptions if not one.paused]
    wanted = wanting(found, awake, now=turn.now)
    alerts = history.fate(turn.tx, turn.chat.key, story_id).alerts
    if not wanted or not alerts:
        return turn.t("This chat was not told: none of its rules matches.")
    key = turn.chat.key
    snoozes = [
        Snooze(chat_key=key, what=what, value=value, until=until)
        for what, value, until in history.snoozes_of(turn.tx, key, now=turn.now)
    ]
    chats = {key: turn.chat}
    routed = route(alerts[-1], found[0].story, wanted, chats=chats, told=frozenset(), snoozes=snoozes, now=turn.now)
    reason = dict(routed.silent).get(key, "")
    return turn.t("This chat was not told: {reason}.", reason=turn.t(SILENT.get(reason, SILENT[""])))


def _rules(turn: Turn, told: Told, fate: Fate) -> list[Block]:
    rules = fate.rules
    if not rules:
        hits = matching([told], subscriptions_of(turn.tx, turn.chat.key), now=turn.now)
        rules = tuple((rule.name, rule.words) for hit in hits for rule in hit.rules)
    if not rules:
        return [line(turn.t("No rule of this chat matches it now."))]
    lines = []
    for name, words in rules[:5]:
        shown = ", ".join(one_line(word, 40) for word in words[:8])
        tail = f" ({shown})" if shown else ""
        lines.append(line(turn.t("Your rule:") + " ", Span(text=title_of(name, turn.words), italic=True), tail))
    return lines


def _catalog(turn: Turn, assessment: Assessment) -> list[Block]:
    lines = []
    for match in assessment.matches[:5]:
        words = ", ".join(one_line(word, 40) for word in match.words[:6])
        lines.append(
            line(
                turn.t("Catalog rule:") + " ",
                Span(text=one_line(match.title, 80), italic=True),
                f" ({words})" if words else "",
            )
        )
    return lines


def _terms(turn: Turn, assessment: Assessment) -> list[Block]:
    strongest = sorted(assessment.terms, key=lambda term: -abs(term[1]))[:SHOWN_TERMS]
    shown = ", ".join(f"{one_line(text, 40)} {weight:+.2f}" for text, weight in strongest)
    return [line(turn.t("Strongest terms: {terms}", terms=shown))] if shown else []


def _sources(turn: Turn, story: Story) -> list[Block]:
    tiers = sorted({article.tier for article in story.articles})
    copies = sum(article.copy_of is not None for article in story.articles)
    publishers = turn.n("{count} independent publisher", "{count} independent publishers", len(story.publishers))
    words = [publishers, *(turn.words.tier(tier) for tier in tiers)]
    if copies:
        words.append(turn.n("{count} copy", "{count} copies", copies))
    official = story.official
    found = turn.t("official document found") if official is not None else turn.t("no official document yet")
    return [line(turn.t("Sources: {sources}.", sources=", ".join([*words, found])))]


def _nearly(turn: Turn, told: Told) -> list[Block]:
    """Say what came close to keeping the story from this chat."""
    story, assessment, chat = told.story, told.assessment, turn.chat
    found = []
    if story.severity == chat.level and chat.level > Severity.INFORMATIONAL:
        found.append(turn.t("its level is the lowest that is sent here"))
    if assessment.probability < 0.5 + NEAR:
        found.append(turn.t("the classifier was not very sure"))
    if "looks like" in assessment.reason:
        found.append(turn.t("it resembles news that reports no change"))
    if len(story.publishers) == 1:
        found.append(turn.t("only one publisher reports it"))
    if assessment.potential > assessment.severity:
        level = turn.words.severity(assessment.potential)
        found.append(turn.t("a second publisher would raise it to {level}", level=level))
    if quiet_end(chat, turn.now) is not None:
        found.append(turn.t("quiet hours are on"))
    return [line(turn.t("What nearly held it back: {reasons}.", reasons="; ".join(found)))] if found else []
