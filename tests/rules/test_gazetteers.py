import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cues import load_reader
from rules.cues.inflecting import noun_forms, verb_forms
from rules.gazetteers import SHIPPED, GazetteerError, Trie, load_names


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "gazetteer")
    return tmp_path / "gazetteer"


def test_the_shipped_gazetteers_load():
    assert load_reader().read("US bans exports", "").direction == "tightening"


def test_shipped_ids_are_unique_and_states_are_codes():
    names = [name for file in ("places", "entities", "goods") for name in load_names(SHIPPED / f"{file}.yaml")]
    assert len({name.id for name in names}) == len(names)
    states = {name.id for name in names if name.kind == "country"}
    assert {name.country for name in names if name.country} <= states
    assert all(name.criticality > 0 for name in load_names(SHIPPED / "goods.yaml"))


@pytest.mark.parametrize(
    ("file", "text", "line", "message"),
    [
        ("goods.yaml", "mineral:\n  - {id: a, names: [x y]}\n  - {id: a, names: [z]}\n", 3, "already used in line 2"),
        ("goods.yaml", "mineral:\n  - {id: a}\n", 2, "lacks 'names'"),
        ("goods.yaml", "mineral:\n  - {id: a, names: [b], colour: red}\n", 2, "unknown key 'colour'"),
        ("goods.yaml", "mineral:\n  - {id: a, names: [b], criticality: 3}\n", 2, "not between 0 and 1"),
        ("goods.yaml", "mineral:\n  - {id: a, names: [b], criticality: high}\n", 2, "no number"),
        ("goods.yaml", "mineral:\n  - {id: a, names: ['...']}\n", 2, "has no word in it"),
        ("goods.yaml", "mineral: [\n", 2, "not valid YAML"),
        ("goods.yaml", "", 1, "empty"),
        ("words.yaml", "irregular: {}\nverbs:\n  dance: [tango]\n", 3, "unknown class 'dance'"),
        ("stages.yaml", "announced: [a]\nmaybe: [b]\n", 2, "unknown stage 'maybe'"),
        (
            "topics.yaml",
            "tags:\n  a: [b]\ntopics:\n  - {topic: sanctions, all: [c]}\n",
            4,
            "no list of tags is called 'c'",
        ),
        ("topics.yaml", "tags:\n  a: [b]\ntopics:\n  - {topic: weather, all: [a]}\n", 4, "unknown topic 'weather'"),
        ("cjk.yaml", "places:\n  CN: [中国]\nmoods:\n  a: [b]\n", 4, "unknown section 'moods'"),
    ],
)
def test_a_bad_file_is_reported_with_file_and_line(folder, file, text, line, message):
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(GazetteerError) as caught:
        load_reader(folder)
    assert f"{file}:{line}: " in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file_is_reported_with_its_path(folder):
    (folder / "places.yaml").unlink()
    with pytest.raises(GazetteerError, match=r"places\.yaml: cannot be read"):
        load_reader(folder)


def test_phrases_match_whole_words_and_the_longest_wins():
    trie = Trie()
    trie.add("port", "port")
    trie.add("port of call", "call")
    assert trie.longest(["airport"], 0) is None
    assert trie.longest(["port", "of", "entry"], 0) == (1, "port")
    assert trie.longest(["port", "of", "call"], 0) == (3, "call")
    assert [value for _, value in trie.every(["port", "of", "call"], 0)] == ["port", "call"]


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("ease", {"ease", "eases", "eased", "easing"}),
        ("ban", {"ban", "bans", "banned", "banning"}),
        ("deny", {"deny", "denies", "denied", "denying"}),
        ("roll back", {"roll back", "rolls back", "rolled back", "rolling back"}),
        ("impose", {"impose", "imposes", "imposed", "imposing"}),
    ],
)
def test_verbs_are_inflected(verb, forms):
    assert set(verb_forms(verb, {"ban": ["bans", "banned", "banning"]})) == forms


def test_nouns_are_inflected():
    assert noun_forms("export control") == ("export control", "export controls")
    assert noun_forms("levy") == ("levy", "levies")


@given(
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), max_size=8),
    st.lists(st.sampled_from("abc"), max_size=8),
)
def test_longest_agrees_with_a_plain_search(phrases, text):
    trie = Trie()
    for phrase in phrases:
        trie.add(" ".join(phrase), tuple(phrase))
    for start in range(len(text)):
        plain = [phrase for phrase in phrases if text[start : start + len(phrase)] == phrase]
        found = trie.longest(text, start)
        assert (found is not None) == bool(plain)
        if found is not None:
            assert found[0] - start == max(len(phrase) for phrase in plain)
