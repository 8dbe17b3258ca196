import pytest

from rules.cues.instruments import eccns, instruments


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FR Doc. 2026-00789 Filed", "FR 2026-00789"),
        ("see 88 FR 73458 of last year", "88 FR 73458"),
        ("under Executive Order 14105", "EO 14105"),
        ("E.O. 13873 of May", "EO 13873"),
        ("Announcement No. 18 of 2025 by the ministry", "MOFCOM 18/2025"),
        ("MOFCOM Announcement No. 70, 2025", "MOFCOM 70/2025"),
        ("商务部公告2025年第18号", "MOFCOM 18/2025"),
        ("国务院令第834号", "CN Decree 834"),
        ("CELEX 32021R0821 as amended", "EU 2021/821"),
        ("Council Regulation (EU) No 833/2014", "EU 833/2014"),
        ("Regulation (EU) 2021/821", "EU 2021/821"),
        ("Docket BIS-2024-0045 is open", "Docket BIS-2024-0045"),
        ("case A-570-117 on fittings", "Case A-570-117"),
        ("RIN 0694-AJ60", "RIN 0694-AJ60"),
        ("OFAC issued General License 8A", "GL 8A"),
        ("Notice to Exporters 2024/12", "NTE 2024/12"),
        ("tariffs under Section 232", "Section 232"),
        ("Proclamation 10908 of March", "Proclamation 10908"),
    ],
)
def test_instruments_are_normalised(text, found):
    assert found in instruments("", text)[0]


def test_one_act_under_two_names_has_one_id():
    ids, official = instruments("Regulation (EU) 2021/821", "CELEX 32021R0821")
    assert ids == ("EU 2021/821",)
    assert official


def test_a_statute_alone_is_no_official_act():
    assert instruments("Section 301 tariffs rise", "")[1] is False


@pytest.mark.parametrize("text", ["call 2026-12345-77", "in 2025 some 18 firms", "room A-5", "the year 2024"])
def test_numbers_that_are_no_instruments_are_left_alone(text):
    assert instruments(text, "") == ((), False)


def test_eccns_need_a_context_and_chinese_codes_are_marked():
    assert eccns("", "items under ECCN 3A090 and 4A090.a need a licence") == ("3A090", "4A090.a")
    assert eccns("", "MOFCOM lists 1C902.a under its export controls") == ("CN 1C902.a",)
    assert eccns("", "flight 4B123 landed") == ()
