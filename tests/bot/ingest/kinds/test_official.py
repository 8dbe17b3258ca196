"""The typed official sources: what is asked for, and what becomes of the answers."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.items import NotAFeedError, Parsed
from bot.ingest.kind import Answer
from bot.ingest.kinds import KINDS
from tests.fakes.feed_faults import NOW, Entry, atom, rss

DOCUMENT = {
    "document_number": "2026-23456",
    "title": "Additions to the Entity List",
    "abstract": "The Bureau adds twelve entities.",
    "action": "Final rule",
    "dates": "This rule is effective November 24, 2026.",
    "effective_on": "2026-11-24",
    "publication_date": "2026-11-24",
    "agencies": [{"name": "Industry and Security Bureau", "slug": "industry-and-security-bureau"}],
    "html_url": "https://www.federalregister.gov/documents/2026/11/24/2026-23456/additions",
}


def source(kind: SourceKind, **options: object) -> Source:
    return Source(
        id="s", name="S", url="https://official.test/api/list.json", kind=kind, tier=1, publisher="P", options=options
    )


def parse(kind: SourceKind, body: object, state: dict[str, object] | None = None, **options: object) -> Parsed:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(url="https://official.test/api/list.json", headers={}, body=raw, at=NOW)
    return KINDS[kind].parse(source(kind, **options), answer, state or {})


def test_the_federal_register_is_asked_for_the_agencies_and_fields_wanted() -> None:
    made = KINDS[SourceKind.FEDERAL_REGISTER].request(
        source(SourceKind.FEDERAL_REGISTER, agencies=["a", "b"], types=["RULE"], term="chips"), {}, NOW
    )
    pairs = parse_qsl(urlsplit(made["url"]).query)
    assert [value for name, value in pairs if name == "conditions[agencies][]"] == ["a", "b"]
    assert ("conditions[type][]", "RULE") in pairs
    assert ("conditions[term]", "chips") in pairs
    assert ("order", "newest") in pairs
    assert ("fields[]", "effective_on") in pairs
    assert "[" not in made["url"]


def test_a_federal_register_document_states_its_number() -> None:
    (item,) = parse(SourceKind.FEDERAL_REGISTER, {"count": 1, "results": [DOCUMENT]}).items
    assert item.title == "Additions to the Entity List"
    assert item.instruments == ("FR 2026-23456",)
    assert item.published_at == datetime(2026, 11, 24, 12, 45, tzinfo=UTC)
    assert item.url == DOCUMENT["html_url"]
    for words in ("twelve entities", "Action: Final rule.", "Effective on 2026-11-24.", "Industry and Security Bureau"):
        assert words in item.summary


def test_an_executive_order_states_both_numbers() -> None:
    (item,) = parse(SourceKind.FEDERAL_REGISTER, {"results": [DOCUMENT | {"executive_order_number": "14999"}]}).items
    assert item.instruments == ("FR 2026-23456", "EO 14999")


def test_an_empty_federal_register_answer_has_no_results_key() -> None:
    assert parse(SourceKind.FEDERAL_REGISTER, {"description": "Documents matching 'x'", "count": 0}).items == ()


def test_documents_on_public_inspection_are_kept_by_agency_and_dated_by_filing() -> None:
    filed = DOCUMENT | {"filed_at": "2026-11-23T08:45:00-05:00", "publication_date": "2026-11-25"}
    other = filed | {"document_number": "2026-1", "agencies": [{"slug": "fish-and-wildlife-service"}]}
    (item,) = parse(
        SourceKind.PUBLIC_INSPECTION, {"results": [filed, other]}, agencies=["industry-and-security-bureau"]
    ).items
    assert item.published_at == datetime(2026, 11, 23, 13, 45, tzinfo=UTC)
    assert item.instruments == ("FR 2026-23456",)


def test_mofcom_is_asked_as_its_own_pages_ask() -> None:
    made = KINDS[SourceKind.MOFCOM].request(source(SourceKind.MOFCOM, column=9), {}, NOW)
    assert made["method"] == "POST"
    assert ("columnID", "9") in parse_qsl(made["body"].decode())
    assert made["headers"]["Accept"] == "application/json;charset=utf-8"


def test_mofcom_rows_become_items_with_their_announcement_number() -> None:
    row = {
        "title": "商务部公告2026年第61号 公布对相关物项实施出口管制的决定",
        "url": "/article/zcfg/202611/1300.html",
        "publishTimeStr": "2026-11-24 20:00:00",
        "content": "<p>自公布之日起实施。</p>",
    }
    (item,) = parse(SourceKind.MOFCOM, {"pageInfo": {"rows": [row, {"title": ""}]}}).items
    assert item.instruments == ("MOFCOM 61/2026",)
    assert item.url == "https://official.test/article/zcfg/202611/1300.html"
    assert item.published_at == NOW
    assert (item.lang, item.summary) == ("zh", "自公布之日起实施。")


def test_mofcom_s_question_marks_are_a_failure() -> None:
    with pytest.raises(NotAFeedError, match="question marks"):
        parse(SourceKind.MOFCOM, {"pageInfo": {"rows": [{"title": "??????2026???61?"}]}})


def test_a_gov_uk_page_that_is_published_again_is_a_new_item() -> None:
    entries = [
        Entry(title="Notice", link="https://www.gov.uk/n", guid=f"https://www.gov.uk/n#{n}", at=NOW) for n in (1, 2)
    ]
    entries.append(Entry(title="Notice", link="https://www.gov.uk/n", guid="x", at=NOW + timedelta(days=1)))
    identities = [item.identity for item in parse(SourceKind.GOV_UK, atom(entries)).items]
    assert identities[0] == identities[1] != identities[2]


def test_an_act_of_the_union_states_its_number() -> None:
    celex = Entry(
        title="CELEX:32026R1234: Council Regulation (EU) 2026/1234 of 24 November 2026",
        link="https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:32026R1234",
        at=NOW,
    )
    journal = Entry(
        title="Council Decision (CFSP) 2026/987", link="https://eur-lex.europa.eu/eli/dec/2026/987/oj", at=NOW
    )
    items = parse(SourceKind.EUR_LEX, rss([celex, journal])).items
    assert [item.instruments for item in items] == [("EU 2026/1234",), ("EU 2026/987",)]
    assert items[0].identity == "eur-lex:32026R1234"


def test_a_press_release_is_known_by_its_reference_in_any_language() -> None:
    places = [f"https://ec.europa.eu/commission/presscorner/detail/{lang}/ip_26_1799" for lang in ("en", "de")]
    items = parse(SourceKind.PRESS_CORNER, rss([Entry(link=place, at=NOW) for place in places])).items
    assert {item.identity for item in items} == {"IP/26/1799"}


def test_a_bulletin_loses_the_mailing_s_footer() -> None:
    body = rss(
        [Entry(title="Recent Actions has been updated.", summary="Two parties. Update your subscriptions, x", at=NOW)]
    )
    (item,) = parse(SourceKind.GOVDELIVERY, body).items
    assert (item.title, item.summary) == ("Recent Actions", "Two parties.")


@pytest.mark.parametrize("kind", [kind for kind in SourceKind if kind is not SourceKind.GDELT])
@pytest.mark.parametrize("body", [b"<html>busy</html>", b"null", b"[]", b'{"results": 5}', b"", b'"text"'])
def test_other_answers_are_no_feed_of_the_kind(kind: SourceKind, body: bytes) -> None:
    with pytest.raises(NotAFeedError):
        parse(kind, body)
