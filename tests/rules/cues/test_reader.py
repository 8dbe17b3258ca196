import subprocess
import sys
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cues import CueReader, Cues, load_reader

NOISY = (
    "U. S.officials said the ban on sales of the H20 AI accelerator to China would be lifted.Nvidia expects "
    "licences soon, and the step belongs to trade talks in which Beijing promised magnets and other rare earths.\n"
    "HOST: So this is a change of policy?\n"
    "SECRETARY: We had held the chips back last year. Now we allow the sale, and they supply the magnets.\n"
    "Huawei and TSMC did not comment. U. S.Commerce Secretary Lutnick spoke after MOFCOM welcomed the approval.\n"
    "Leave a Reply"
)


@cache
def _reader() -> CueReader:
    """The shipped reader, made when the first test asks."""
    return load_reader()


ROOT = Path(__file__).resolve().parents[3]


def test_a_noisy_interview_article_yields_every_attribute(reader):
    cues = reader.read("", NOISY, published_at=datetime(2025, 7, 22, tzinfo=UTC))
    assert cues.direction == "easing"
    assert cues.stage != "none"
    assert {"export_control", "critical_minerals"} <= set(cues.topics)
    assert cues.issuers == ("US",)
    assert "CN" in cues.targets
    assert {"nvidia_h20", "ai_accelerators", "rare_earths", "magnets"} <= set(cues.goods)
    assert {"nvidia", "tsmc", "huawei", "mofcom", "us_commerce"} <= set(cues.entities)


@pytest.mark.parametrize(
    ("title", "issuer", "target"),
    [
        pytest.param("Beijing bans gallium shipments to Japan", "CN", "JP", id="metonym"),
        pytest.param("The Hague restricts lithography exports to China", "NL", "CN", id="two-word metonym"),
        pytest.param("MOFCOM imposes export controls on Taiwan", "CN", "TW", id="body speaks for its state"),
        pytest.param("Tariffs on India were suspended by Washington", "US", "IN", id="passive with by"),
        pytest.param("US sanctions Iranian oil network", "US", "IR", id="adjective after the verb"),
    ],
)
def test_the_issuer_is_the_subject_and_the_target_what_the_measure_aims_at(reader, title, issuer, target):
    cues = reader.read(title, "")
    assert issuer in cues.issuers
    assert target in cues.targets


def test_us_is_a_country_only_in_capitals(reader):
    assert reader.read("Tell us about tariffs", "").issuers == ()


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("Tokyo tightens export controls on chipmaking tools", "export_control"),
        ("BIS adds twelve firms to Entity List", "entity_listing"),
        ("OFAC designates tanker owners", "sanctions"),
        ("EU sets anti-dumping duties on titanium dioxide", "tariff_trade_measure"),
        ("Chile suspends lithium permits", "critical_minerals"),
        ("CFIUS orders fund to divest stake", "investment_screening"),
        ("Dockers strike closes container terminal", "logistics_disruption"),
        ("Explosion halts production at polysilicon plant", "production_disruption"),
        ("Helium shortage hits hospitals", "shortage_price"),
        ("Toyota moves production out of China", "sourcing_shift"),
        ("Broker pleads guilty to smuggling dual-use chips", "enforcement"),
        ("Canberra and Delhi sign free trade agreement", "trade_deal"),
    ],
)
def test_topics_are_voted_from_words_that_meet_in_a_sentence(reader, title, topic):
    assert topic in reader.read(title, "").topics


@pytest.mark.parametrize(
    ("title", "family"),
    [
        ("UEFA sanctions club over transfer window", "sport"),
        ("Malicious package on PyPI steals keys in supply chain attack", "software_supply_chain"),
        ("Five stocks to buy as tariffs bite", "stock_tip"),
        ("Potato chips recalled in Ohio", "food_chips"),
        ("Webinar: export controls for beginners, register now", "promotion"),
    ],
)
def test_families_of_hard_negatives_are_named(reader, title, family):
    cues = reader.read(title, "")
    assert family in cues.vetoes
    assert f"veto:{family}" in cues.signals


def test_ambiguous_names_need_their_company(reader):
    assert "nvidia_a100" not in reader.read("Lorry overturns on the A100 near Berlin", "").goods
    assert "nvidia_a100" in reader.read("Nvidia A100 chips seized", "").goods
    assert "bis" not in reader.read("BIS warns central banks in Basel", "").entities


def test_signals_are_compact_and_complete(reader):
    cues = reader.read("China suspends exports of gallium", "", published_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert {"topic:export_control", "dir:tightening", "stage:announced", "act", "goods"} <= set(cues.signals)
    assert "neg" in reader.read("EU refuses to lift sanctions", "").signals


def test_dates_of_effect_expiry_and_comments_come_with_their_sentence(reader):
    body = (
        "The rule takes effect on 1 December. The suspension runs until 10 November 2027. "
        "Comments are due by January 15."
    )
    cues = reader.read("Rule on servers", body, published_at=datetime(2026, 11, 20, tzinfo=UTC))
    assert (cues.effective_at, cues.expires_at, cues.comment_due_at) == (
        date(2026, 12, 1),
        date(2027, 11, 10),
        date(2027, 1, 15),
    )
    assert {evidence.why for evidence in cues.date_evidence} == {"effective", "expires", "comment"}
    for evidence in cues.date_evidence:
        assert body[evidence.start : evidence.end] == evidence.text


def test_stage_evidence_names_the_words(reader):
    cues = reader.read("Senators push bill to ban drone imports", "")
    assert cues.stage == "proposal"
    assert cues.stage_evidence[0].why == "proposal"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("ban " * 250_000, id="1 MB of one word"),
        pytest.param("出口管制" * 100_000, id="1 MB of Chinese"),
        pytest.param("\x00\x01\ufffd\ud800 " * 1000, id="binary"),
        pytest.param("<div><a href='x'>US bans</a>" * 2000, id="HTML"),
        pytest.param("US BANS EXPORTS TO CHINA! " * 300, id="capitals"),
        pytest.param("🚢🔥 tariffs 🇨🇳 " * 500, id="emoji"),
        pytest.param("ſtraße İstanbul ﬁre ban ǅ", id="letters that change length in lower case"),
        pytest.param("EO " + " " * 100_000 + "1", id="long run of spaces"),
    ],
)
def test_any_text_is_read_without_an_error(reader, text):
    assert isinstance(reader.read(text, text), Cues)


@given(st.text(max_size=200), st.text(max_size=400))
def test_evidence_always_quotes_the_text(title, body):
    cues = _reader().read(title, body)
    for evidence in (*cues.direction_evidence, *cues.stage_evidence, *cues.date_evidence):
        source = title if evidence.field == "title" else body
        assert source[evidence.start : evidence.end] == evidence.text


WORDS = (
    "US",
    "China",
    "lifts",
    "ban",
    "on",
    "exports",
    "of",
    "chips",
    "not",
    "suspension",
    "if",
    ",",
    ".",
    "tariffs",
    "to",
)


@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_any_order_of_known_words_is_read(words):
    cues = _reader().read(" ".join(words), "")
    assert cues.direction in {"tightening", "easing", "mixed", "unclear"}


def test_reading_does_not_depend_on_the_order_of_hashes():
    script = (
        "from rules.cues import load_reader; print(load_reader().read('Delhi will not sign the RCEP on AI chips', ''))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_british_and_american_spelling_read_alike(reader):
    british = reader.read("Chile denies export licences for lithium fertiliser", "")
    american = reader.read("Chile denies export licenses for lithium fertilizer", "")
    assert british.direction == american.direction == "tightening"
    assert british.goods == american.goods
