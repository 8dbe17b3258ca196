import pytest

from rules.cues import load_reader

READER = load_reader()

TIGHTENING = [
    "China suspends exports of antimony",
    "US ends exemption for Chinese solar panels",
    "EU refuses to lift sanctions on Russia",
    "Germany rules out easing curbs",
    "Halt in exports of rare earths",
    "Trade talks collapse",
    "US hits China with new tariffs",
    "Congress delays lifting of the embargo",
    "Pirates attack ship off Somalia",
    "Trump threatens 25% tariffs on Mexico",
    "Chip shortage worsens",
    "Russia pulls out of grain deal",
    "Chile denies export licences for lithium",
]
EASING = [
    "US lifts ban on chip sales to China",
    "China suspends export controls on gallium",
    "Export curbs were suspended for a year",
    "Suspension of export curbs extended to November",
    "US and China reach trade deal",
    "Dockworkers strike ends at Port of Vancouver",
    "Port of Ashdod reopens",
    "Court strikes down tariffs",
    "Chip shortage eases",
    "Biden considers lifting tariffs",
    "US grants TSMC exemption from export curbs",
    "US removes 27 firms from unverified list",
    "Washington extends suspension of tariffs",
]


@pytest.mark.parametrize("title", TIGHTENING)
def test_tightening_is_read_from_verb_and_object(title):
    assert READER.read(title, "").direction == "tightening"


@pytest.mark.parametrize("title", EASING)
def test_easing_is_read_from_verb_and_object(title):
    assert READER.read(title, "").direction == "easing"
