"""Many queries, one document: the index must find exactly what evaluating every query finds."""

from hypothesis import given
from hypothesis import strategies as st

from rules.matching import RuleSet
from rules.query import Document, QueryError, evaluate, parse

WORDS = [
    "gallium",
    "china",
    "ban",
    "bans",
    "export",
    "exports",
    "licence",
    "license",
    "huawei",
    "huawai",
    "us",
    "出口管制",
    "出口",
]
LEAVES = [
    *WORDS, '"export ban"', '"ban export"~2', '"出口 管制"', '"china export ban"~3', '"gall* ban"', "title:china",
    "title:ban*", 'title:"export ban"', "gall*", "licen?e", "ex*", "export*", "huawei~1", "huawei~2",
    "title:huawei~1", "/ban.?/", "/export b/", "title:/china/", "topic:sanctions", "topic:export_control",
    "direction:easing", "severity:>=high", "severity:low", "stage:*", "probability:>=0.5", "tier:1", "tier:<=3",
    "publishers:>=2", "entity:huawei", 'entity:"huawei cloud"', "entity:hua*", "entity:*", "lang:en",
]  # fmt: skip


def joined(children):
    return st.one_of(
        st.lists(children, min_size=2, max_size=3).map(lambda parts: "(" + " AND ".join(parts) + ")"),
        st.lists(children, min_size=2, max_size=3).map(lambda parts: "(" + " OR ".join(parts) + ")"),
        st.lists(children, min_size=2, max_size=3).map(lambda parts: "(" + " ".join(parts) + ")"),
        st.tuples(children, children).map(lambda parts: f"(+{parts[0]} {parts[1]})"),
        children.map(lambda part: f"(NOT {part})"),
    )


QUERIES = st.recursive(st.sampled_from(LEAVES), joined, max_leaves=8)
TEXTS = st.lists(st.sampled_from([*WORDS, "the", "said", "hua", "管制", "x."]), max_size=14).map(" ".join)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "topic": st.lists(st.sampled_from(["sanctions", "export_control", "trade_deal"]), max_size=2),
        "direction": st.sampled_from(["easing", "tightening"]),
        "severity": st.sampled_from(["low", "high", "critical"]),
        "stage": st.just("rumour"),
        "probability": st.floats(0, 1),
        "tier": st.integers(1, 5),
        "publishers": st.integers(0, 30),
        "entity": st.lists(st.sampled_from(["Huawei", "Huawei Cloud", "Cloud Huawei", "Huaxin"]), max_size=2),
        "lang": st.sampled_from(["en", "zh"]),
    },
)


def parsed(texts):
    return {f"r{number}": parse(text, sense=False) for number, text in enumerate(texts)}


@given(st.lists(QUERIES, min_size=1, max_size=12), TEXTS, TEXTS, FIELDS)
def test_the_index_finds_exactly_what_evaluating_every_query_finds(texts, title, text, fields):
    queries = parsed(texts)
    rules = RuleSet.of(queries)
    document = Document.of(title=title, text=text, fields=fields)
    expected = {key: hits for key, query in queries.items() if (hits := evaluate(query, document)) is not None}
    assert {match.key: match.hits for match in rules.match(document)} == expected
    assert rules.keys_of(document) == set(expected)


@given(st.lists(QUERIES, min_size=2, max_size=10), st.data(), TEXTS, FIELDS)
def test_a_changed_set_equals_one_built_anew_and_the_old_one_is_untouched(texts, data, text, fields):
    queries = parsed(texts)
    document = Document.of(title="", text=text, fields=fields)
    before = RuleSet.of(queries)
    found = [match.key for match in before.match(document)]
    gone = data.draw(st.sets(st.sampled_from(sorted(queries))))
    after = before
    for key in gone:
        after = after.remove(key)
    left = {key: query for key, query in queries.items() if key not in gone}
    assert [match.key for match in after.match(document)] == [match.key for match in RuleSet.of(left).match(document)]
    assert len(after) == len(left)
    assert sorted(after) == sorted(left)
    assert [match.key for match in before.match(document)] == found


def test_adding_a_key_again_replaces_its_query():
    rules = RuleSet().add("a", parse("gallium")).add("a", parse("nickel"))
    assert len(rules) == 1
    assert [m.key for m in rules.match(Document.of(title="nickel", text="", fields={}))] == ["a"]
    assert rules.match(Document.of(title="gallium", text="", fields={})) == ()


def test_the_same_query_of_many_chats_is_evaluated_once_and_answers_for_all():
    rules = RuleSet.of({f"chat{n}": parse("gallium export*") for n in range(5)})
    document = Document.of(title="Gallium exports", text="", fields={})
    assert [match.key for match in rules.match(document)] == [f"chat{n}" for n in range(5)]
    assert [match.key for match in rules.remove("chat3").match(document)] == ["chat0", "chat1", "chat2", "chat4"]


def test_queries_without_a_required_word_are_marked_as_costly():
    rules = RuleSet.of(
        {"no": parse("-gallium"), "re": parse("/ban/"), "yes": parse("nickel -gallium"), "fuzzy": parse("huawei~2")}
    )
    assert rules.costly == ("fuzzy", "no", "re")
    assert parse("-gallium").cost == "costly"
    assert parse("nickel -gallium").cost == "indexed"
    assert rules.remove("no").costly == ("fuzzy", "re")


def test_removing_everything_leaves_nothing_behind():
    queries = {}
    for leaf in LEAVES:
        try:
            queries[leaf] = parse(leaf)
        except QueryError:
            continue
    rules = RuleSet.of(queries)
    for key in queries:
        rules = rules.remove(key)
    assert len(rules) == 0
    assert rules.costly == ()
    assert not any(rules._roots.tables)
    assert not any(rules._known.tables)
    assert not any(rules._members.tables)
    assert rules.remove("nothing") is rules


def test_a_required_word_in_the_body_is_found_from_the_title_of_the_query():
    rules = RuleSet.of({"q": parse('title:gallium "entity list"~3')})
    assert rules.match(Document.of(title="Gallium", text="the entity list", fields={}))
    assert not rules.match(Document.of(title="x", text="gallium on the entity list", fields={}))
