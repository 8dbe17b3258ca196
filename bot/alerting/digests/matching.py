"""Which of many rules match which stories of a period: each text is read once, however many chats ask. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.alerting.audience import story_document
from bot.alerting.digests.material import Reported
from bot.analysis.growth import begin
from rules.matching import RuleSet
from rules.query import QueryError, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """For each query the ids of the stories, and the ids of the unflagged articles, that it matches."""

    stories: Mapping[str, frozenset[str]] = field(default_factory=dict)
    near: Mapping[str, frozenset[str]] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)  # query -> why it cannot be read


def match(queries: Iterable[str], reported: Iterable[Reported]) -> Matches:
    """Match each distinct query against every article; a story matches when one of its articles does.

    Fields are those of the story as it stands, words and age those of the article on its arrival: what routing saw,
    summed up.
    """
    rule_set, broken = RuleSet(), {}
    for query in dict.fromkeys(queries):
        try:
            rule_set = rule_set.add(query, parse(query))
        except QueryError as error:
            broken[query] = str(error)
    hits: defaultdict[str, set[str]] = defaultdict(set)  # by story, of all its articles
    near: defaultdict[str, set[str]] = defaultdict(set)
    for one in reported:
        arrived_at = one.article.fetched_at
        story = one.story or begin(one.article, one.assessment, official=False, now=arrived_at)
        document = story_document(story, one.article, one.assessment, now=arrived_at)
        found = rule_set.keys_of(document)
        if one.story is not None:
            hits[story.id] |= found
        else:
            for query in found:
                near[query].add(one.article.id)
    stories: defaultdict[str, set[str]] = defaultdict(set)
    for story_id, found in hits.items():
        for query in found:
            stories[query].add(story_id)
    return Matches(
        stories={query: frozenset(ids) for query, ids in stories.items()},
        near={query: frozenset(ids) for query, ids in near.items()},
        broken=broken,
    )
