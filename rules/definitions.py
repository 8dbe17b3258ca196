"""What a rule file defines: rules, their examples, and the catalog of them all. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from rules.places import Place
from rules.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text that a rule must or must not match; `fields` as for `Document.of`."""

    title: str
    text: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the catalog. With `within` and `at_least` it fires at that many matching articles in that time."""

    id: str
    title: str
    description: str
    status: str
    topic: str
    level: str
    query: Query
    falsepositives: tuple[str, ...]
    references: tuple[str, ...]
    hit: tuple[Example, ...]
    miss: tuple[Example, ...]
    within: timedelta | None
    at_least: int | None
    place: Place
    query_place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """A set of rules that loaded without a fault; `version` is a hash of their files' content."""

    rules: tuple[Rule, ...]
    filters: Mapping[str, Query]
    version: str

    def get(self, rule_id: str) -> Rule | None:
        """Return the rule with that id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)
