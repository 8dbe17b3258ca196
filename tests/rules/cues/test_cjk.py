import pytest


@pytest.mark.parametrize(
    ("title", "topic", "direction", "stage"),
    [
        pytest.param(
            "商务部公告2026年第3号 决定对钨相关物项实施出口管制",
            "export_control",
            "tightening",
            "in_force",
            id="zh, control",
        ),
        pytest.param(
            "暂停实施稀土出口管制措施", "critical_minerals", "easing", "suspended", id="zh, chain of two verbs"
        ),
        pytest.param("商务部将十家实体列入管控名单", "entity_listing", "tightening", "announced", id="zh, listing"),
        pytest.param("經濟部解除對俄羅斯制裁", "sanctions", "easing", "reversed", id="zh, traditional script"),
        pytest.param(
            "経済産業省、半導体製造装置の輸出規制を強化",
            "export_control",
            "tightening",
            "announced",
            id="ja, object first",
        ),
        pytest.param("韓国向け輸出規制を緩和", "export_control", "easing", "announced", id="ja, easing"),
        pytest.param(
            "전략물자 수출통제 강화 고시 개정안 행정예고", "export_control", "tightening", "proposal", id="ko, draft"
        ),
        pytest.param("중국, 요소수 수출 재개", "critical_minerals", "easing", "announced", id="ko, resumed"),
    ],
)
def test_east_asian_titles_get_topic_direction_and_stage(reader, title, topic, direction, stage):
    cues = reader.read(title, "")
    assert topic in cues.topics
    assert (cues.direction, cues.stage) == (direction, stage)
    for evidence in cues.direction_evidence:
        assert title[evidence.start : evidence.end] == evidence.text


def test_a_mofcom_announcement_is_an_official_act_of_china(reader):
    cues = reader.read("商务部 海关总署公告2026年第9号 公布对锗相关物项实施出口管制的决定", "")
    assert cues.official_instrument
    assert cues.instruments == ("MOFCOM 9/2026",)
    assert cues.issuers == ("CN",)
    assert {"mofcom", "gacc"} <= set(cues.entities)
    assert "germanium" in cues.goods


def test_an_english_title_with_one_foreign_name_is_read_in_english(reader):
    assert reader.read("US lifts ban on 华为 chip sales", "").direction == "easing"


@pytest.mark.parametrize(
    ("title", "direction"),
    [
        ("EU verhängt Sanktionen gegen russische Banken", "tightening"),
        ("Niederlande lockern Exportkontrollen", "easing"),
        ("China levanta aranceles al vino", "easing"),
        ("Paris durcit les contrôles des exportations", "tightening"),
    ],
)
def test_basic_german_french_and_spanish_is_read(reader, title, direction):
    assert reader.read(title, "").direction == direction
