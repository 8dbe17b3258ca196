from collections import Counter
from pathlib import Path

import pytest

from bot.domain import SourceKind
from bot.errors import ConfigurationError
from bot.ingest.catalog import load_catalog, parse_catalog
from bot.ingest.kinds import KINDS
from tests.fakes.feed_faults import NOW

GOOD = """
- id: paper
  name: The Paper
  url: "https://paper.test/feed"
  kind: feed
  tier: 3
  publisher: The Paper
"""


def problems(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse_catalog(text, "mine.yaml")
    return str(caught.value)


def test_the_shipped_catalog_is_large_and_complete() -> None:
    catalog = load_catalog()
    assert len(catalog) >= 70
    assert sum(source.known_by == "live_checked" for source in catalog) >= 20
    assert all(source.licence and source.publisher for source in catalog)
    assert {source.kind for source in catalog} >= set(SourceKind) - {SourceKind.JSON_FEED}
    assert {source.tier for source in catalog} == {1, 2, 3, 4, 5}


def test_addresses_known_from_memory_only_are_off_unless_they_are_official() -> None:
    on = [one for one in load_catalog() if one.known_by == "memory" and one.options.get("enabled", True)]
    assert {one.id for one in on} <= {"usgs-quakes", "gdacs"}


def test_every_shipped_source_makes_a_request_of_its_own() -> None:
    asked = Counter(
        (made["url"], made.get("body")) for one in load_catalog() if (made := KINDS[one.kind].request(one, {}, NOW))
    )
    assert max(asked.values()) == 1


def test_every_kind_is_registered() -> None:
    assert set(KINDS) == set(SourceKind)


def test_an_operator_s_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(GOOD)
    (source,) = load_catalog(path)
    assert (source.id, source.kind, source.known_by, source.lang) == ("paper", SourceKind.FEED, "user", "en")


def test_all_faults_are_listed_with_their_lines() -> None:
    text = (
        GOOD
        + GOOD.replace("tier: 3", "tier: 9")
        + GOOD.replace("kind: feed", "kind: fax").replace("id: paper", "id: P P")
    )
    text += GOOD + "- name: nameless\n  colour: blue\n- just text\n"
    found = problems(text)
    assert "mine.yaml:9: tier: 9 is not 1 to 5" in found
    assert "mine.yaml:16: id: 'P P'" in found
    assert "mine.yaml:16: kind: 'fax' is none of feed" in found
    assert "mine.yaml:23: the id 'paper' is used twice" in found
    assert "mine.yaml:29: unknown field 'colour'" in found
    assert "mine.yaml:29: field 'url' is missing" in found
    assert "not a source: 'just text'" in found
    assert "docs/sources.md" in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a list"),
        ("a: b", "not a list"),
        ("- {", "expected"),
        ("- &a [*a]", "aliases"),
        ("- " * 50 + "x", "nested too deeply"),
        ("[" * 5000, "nested too deeply"),
        ("- !!python/object/apply:os.system [id]", "could not determine a constructor"),
        (GOOD.replace("tier: 3", "tier: no"), "tier: False has the wrong type"),
        (GOOD.replace("tier: 3", "tier: 3\n  poll_minutes: 0"), "poll_minutes"),
        (GOOD.replace("https://paper.test/feed", "file:///etc/passwd"), "only http and https"),
        (GOOD.replace("The Paper\n  url", "1.10\n  url"), "name: 1.1 has the wrong type"),
    ],
)
def test_bad_files_are_refused_in_words(text: str, problem: str) -> None:
    assert problem in problems(text)


def test_missing_and_huge_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_catalog(tmp_path / "none.yaml")
    huge = tmp_path / "huge.yaml"
    huge.write_text("#" * 300_000)
    with pytest.raises(ConfigurationError, match="larger than"):
        load_catalog(huge)
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_catalog(odd)


def test_secrets_are_named_by_reference_in_address_and_headers() -> None:
    text = GOOD.replace("https://paper.test/feed", "https://me:${PAPER_PASS}@paper.test/feed?key=${PAPER_KEY}")
    (source,) = parse_catalog(text + "  headers: {Authorization: 'Bearer ${PAPER_BEARER}', Accept-Language: de}\n", "x")
    assert source.url == "https://me:${PAPER_PASS}@paper.test/feed?key=${PAPER_KEY}"
    assert source.options["headers"] == {"Authorization": "Bearer ${PAPER_BEARER}", "Accept-Language": "de"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("//paper", "//me:hunter2@paper"), "mine.yaml:2: url: the address holds a user name and password"),
        (("/feed", "/feed?api_key=hunter2"), "mine.yaml:2: url: the parameter 'api_key' holds a secret"),
        (("/feed", "/feed?k=${A"), "mine.yaml:2: url: a reference to a secret is ${NAME}"),
        (("paper.test/feed", "${HOST}/feed"), "mine.yaml:2: url: a secret may stand in"),
        (("tier: 3", "tier: 3\n  headers: {Cookie: hunter2}"), "mine.yaml:2: headers: 'Cookie' holds a secret"),
        (("tier: 3", "tier: 3\n  headers: {X: 1}"), "mine.yaml:2: headers: names and values are texts"),
        (("name: The Paper", "name: '${A}'"), "mine.yaml:2: name: only url and headers may refer to a secret"),
        (("tier: 3", "tier: 3\n  options: {headers: {A: b}}"), "mine.yaml:2: options: headers stand beside"),
        (("tier: 3", "tier: 'https://a:hunter2@b'"), "mine.yaml:2: tier: 'https://a:***@b' has the wrong type"),
    ],
)
def test_secrets_in_the_clear_are_refused_with_place_and_remedy(change: tuple[str, str], problem: str) -> None:
    found = problems(GOOD.replace(*change))
    assert problem in found
    assert "hunter2" not in found
    assert "docs/sources.md" in found
