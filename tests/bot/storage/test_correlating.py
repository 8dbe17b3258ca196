from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import Match
from bot.storage.articles import add_articles
from bot.storage.correlating import fired_rules
from rules.loading import load
from tests.fakes.values import NOW, article

RULES = """
rules:
  - id: three_in_three_days
    title: Three articles on tin within three days
    description: A cluster of reports on tin.
    status: test
    topic: critical_minerals
    level: medium
    query: tin
    within: 72h
    at_least: 3 articles
    falsepositives: [none]
    references: [https://example.org/]
    examples:
      hit: [tin ban, tin quota, tin mine shut]
      miss: [copper, zinc, lead]
"""
MATCHES = (Match(rule_id="three_in_three_days", title="t"), Match(rule_id="plain", title="p"))


@pytest.fixture
def tx(engine):
    with engine.begin() as tx:
        yield tx


@pytest.fixture
def correlated(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    return {rule.id: rule for rule in load([file]).rules}


def test_a_rule_on_several_articles_fires_with_the_last_of_them_and_others_on_each(tx, correlated) -> None:
    add_articles(tx, [replace(article(), id=f"a{n}", url=f"https://x.example/{n}") for n in range(4)])
    told = [
        fired_rules(tx, f"a{n}", MATCHES, correlated, now=NOW + timedelta(hours=hours))
        for n, hours in enumerate((0, 30, 71, 200))
    ]
    assert told == [["plain"], ["plain"], ["three_in_three_days", "plain"], ["plain"]]


def test_an_article_that_is_booked_twice_counts_once(tx, correlated) -> None:
    add_articles(tx, [article()])
    for _ in range(5):
        assert fired_rules(tx, "a1", MATCHES, correlated, now=NOW) == ["plain"]
