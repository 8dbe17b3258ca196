"""What queries match, and which words they mark."""

import pytest

from rules.query import Document, evaluate, parse

ARTICLE = Document.of(
    title="China bans gallium exports to the U.S.",
    text=(
        "Beijing's Ministry of Commerce added Huawei rivals to its export control list. "
        "Licences for dual-use goods will need review, an Énergie analyst said. 半导体出口管制 수출통제를 강화."
    ),
    fields={
        "topic": ["export_control", "critical_minerals"],
        "direction": "tightening",
        "stage": "announced",
        "severity": "high",
        "probability": 0.9,
        "entity": ["Huawei Technologies Co., Ltd.", "MOFCOM"],
        "goods": ["gallium"],
        "issuer": ["CN"],
        "target": ["US"],
        "instrument": ["Announcement No. 23 of 2023"],
        "eccn": ["3A090.a"],
        "source": "mofcom",
        "publisher": ["MOFCOM"],
        "tier": 1,
        "publishers": 2,
        "lang": "en",
        "age": 5.5,
    },
)

MATCHING = """
gallium | GALLIUM | gallium huawei | gallium OR nvidia | gallium AND NOT nvidia | gallium -nvidia | NOT nvidia
+gallium nvidia | (nvidia OR gallium) AND china | nvidia OR gallium AND china | china's | U.S. | US | u.s
"export control" | "export-control" | export-control | "control export"~2 | "beijing commerce"~2
"commerce of ministry"~4 | licen?e* | licence* | "need revie?" | "export contr*" | huawai~1 | huaewi~1 | hauwei~
xuawei~1 | gallum~1 | title:gallium | title:(bans OR curbs) | title:"gallium exports" | text:gallium
title:gall* | title:galium~1 | energie | Énergie | ÉNERGIE | 出口管制 | 半导体 | 半导* | 半?体 | 수출통제
title:(bans exports) huawei | topic:export_control | topic:Critical-Minerals
topic:(export_control AND critical_minerals) | -topic:sanctions | direction:tightening | stage:announced
stage:(announced OR in_force) | severity:high | severity:>=high | severity:>medium | severity:[low TO high]
severity:[low TO critical} | severity:<critical | probability:[0.7 TO 1] | probability:>=0.9 | probability:>89%
probability:{0.5 TO 0.95} | entity:huawei | entity:"huawei technologies" | entity:huaw* | entity:huawai~1
entity:* | goods:gallium | issuer:cn | target:us | instrument:"announcement no 23" | eccn:3a090 | eccn:3A*
source:mofcom | publisher:mofcom | tier:1 | tier:<=2 | tier:[1 TO 3] | publishers:>=2 | publishers:2 | lang:en
age:<6 | age:<1d | age:<=330m | /ban[a-z]+ gallium/ | /GALLIUM exp/ | title:/u\\.s\\./ | /energie/
/Énergie analyst/ | "gallium"^2 | gallium^3 | “export control” | （gallium） | China – gallium
China & gallium | 'gallium' | topic：export_control | gallium\\: | dual-use
"""
MISSING = """
nvidia | gallium nvidia | gallium AND nvidia | -gallium china | gallium AND NOT china | +nvidia gallium
"control export" | "control export"~1 | "gallium commerce"~20 | "us beijing" | 口出 | licen?e | huawxy~1
hxawxi~1 | title:huawei | title:"export control" | title:huaw* | title:/huawei/ | title:huawai~1
gallium title:commerce | topic:sanctions | -topic:export_control | direction:easing | stage:rumour
severity:critical | severity:>high | severity:<high | probability:<0.9 | probability:{0.9 TO 1] | entity:nvidia
entity:"technologies huawei" | entity:"ltd mofcom" | issuer:us | target:cn | eccn:4* | -source:mofcom | tier:>1
publishers:>2 | lang:de | age:>6h | age:>1d | publisher:reuters | /nvidia/ | /bans$/ | export* -gallium
(gallium OR china) -(bans nvidia) -exports | gallium -"export control" | gallium -/bans/
+china -“gallium exports” | "export control"~0 nvidia
"""


def queries(block):
    return [query.strip() for line in block.strip().splitlines() for query in line.split(" | ")]


@pytest.mark.parametrize("query", queries(MATCHING))
def test_the_article_matches(query):
    assert evaluate(parse(query), ARTICLE) is not None


@pytest.mark.parametrize("query", queries(MISSING))
def test_the_article_does_not_match(query):
    assert evaluate(parse(query), ARTICLE) is None


def test_matched_words_are_places_in_the_original():
    hits = evaluate(parse('gallium "export control" licen?e* -nvidia US'), ARTICLE)
    assert hits is not None
    assert [hit.word for hit in hits] == ["gallium", "U.S.", "export", "control", "Licences"]
    for hit in hits:
        assert (ARTICLE.title if hit.field == "title" else ARTICLE.text)[hit.start : hit.end] == hit.word


def test_a_title_query_marks_the_title_only():
    hits = evaluate(parse("title:export*"), ARTICLE)
    assert hits is not None
    assert {hit.field for hit in hits} == {"title"}


def test_a_query_on_fields_alone_matches_without_words():
    assert evaluate(parse("topic:export_control"), ARTICLE) == ()


def test_an_optional_word_is_marked_but_does_not_decide():
    hits = evaluate(parse("+gallium huawei nvidia"), ARTICLE)
    assert hits is not None
    assert [hit.word for hit in hits] == ["gallium", "Huawei"]


def test_regular_expressions_mark_the_original_spelling():
    hits = evaluate(parse("/energie analyst/"), ARTICLE)
    assert hits is not None
    assert [hit.word for hit in hits] == ["Énergie analyst"]


def test_unknown_fields_and_wrong_types_of_a_document_are_refused():
    with pytest.raises(ValueError, match="no query field 'topics'"):
        Document.of(title="", text="", fields={"topics": ["sanctions"]})
    with pytest.raises(TypeError, match="wants a number"):
        Document.of(title="", text="", fields={"tier": "1"})
    with pytest.raises(TypeError, match="whole number"):
        Document.of(title="", text="", fields={"tier": 1.5})
    with pytest.raises(TypeError, match="list of texts"):
        Document.of(title="", text="", fields={"entity": [1]})


def test_unknown_values_match_nothing_and_their_negation_matches():
    bare = Document.of(title="gallium", text="", fields={"severity": None, "topic": []})
    assert evaluate(parse("severity:>=low"), bare) is None
    assert evaluate(parse("gallium -severity:>=low"), bare) is not None
    assert evaluate(parse("entity:*"), bare) is None
    assert evaluate(parse("probability:<=0.5"), bare) is None


SLOPS = {
    "exact": ('"a b"', "a b", True),
    "one between": ('"a b"~1', "a x b", True),
    "two between": ('"a b"~1', "a x y b", False),
    "wrong order costs two": ('"a b"~2', "b a", True),
    "wrong order needs more than one": ('"a b"~1', "b a", False),
    "three words": ('"a b c"~2', "a x b x c", True),
    "three words too far": ('"a b c"~1', "a x b x c", False),
    "one word twice needs it twice": ('"a a"~5', "a b", False),
    "one word twice": ('"a a"~5', "a b a", True),
    "wildcard may not use one word twice": ('"ab* abc"~3', "abc x", False),
    "wildcard and word": ('"ab* abc"~3', "abc abd", True),
}


@pytest.mark.parametrize(("query", "text", "expected"), SLOPS.values(), ids=SLOPS)
def test_distance_counts_as_in_lucene(query, text, expected):
    assert (evaluate(parse(query), Document.of(title="", text=text, fields={})) is not None) is expected
