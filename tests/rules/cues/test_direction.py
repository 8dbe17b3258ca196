"""Each line is one reading that the rules must get right; the id says which construction it tests."""

import pytest

TIGHTENING = {
    "stop verb, flow": "China suspends exports of antimony",
    "start verb, restriction": "Japan introduces export curbs on quantum parts",
    "ends exemption": "US ends exemption for Chinese solar panels",
    "refuses to lift": "EU refuses to lift sanctions on Russian metals",
    "rules out easing": "Germany rules out easing curbs on machine tools",
    "halt in": "Halt in exports of rare earths enters second week",
    "talks collapse": "Trade talks collapse over dairy access",
    "hits with": "US hits Vietnam with new tariffs",
    "delays lifting": "Congress delays lifting of the embargo",
    "attack on vessel": "Pirates attack ship off Somalia",
    "threatens": "Trump threatens 25% tariffs on Mexican trucks",
    "worsens": "Power chip shortage worsens at Bavarian carmakers",
    "pulls out of": "Moscow pulls out of grain deal",
    "denies licences": "Chile denies export licences for lithium carbonate",
    "revokes waiver": "Washington revokes waiver for Iraqi power imports",
    "ban as verb": "Indonesia bans bauxite exports",
    "passive": "Shipments of graphite were halted at Qingdao",
    "fire": "Fire shuts gallium refinery in Guangxi",
    "enforcement": "Dutch firm charged with smuggling lithography parts",
    "fails to agree": "EU fails to extend tariff exemption for Ukraine",
    "blocks approval": "Court blocks approval of chip sales",
    "closes port": "Storm closes Port Klang to container traffic",
    "licence now needed": "Yttrium oxide needs a licence for all destinations",
    "permit demanded": "Malaysia demands permit for chips in transit",
    "quota cut": "Beijing cuts export quotas for magnesium",
    "relief halted": "Washington halts planned sanctions relief for Sudan",
    "leaves pact": "Panama leaves trade pact",
    "noun subject of a plural verb": "Quake halts two wafer plants in Kumamoto",
    "dodged duties": "Importer dodged duties on mattresses",
    "not sign": "Delhi will not sign the RCEP",
    "offence": "Treasury targets sanctions evasion through Dubai",
}
EASING = {
    "lifts ban": "US lifts ban on chip sales to Macau",
    "suspends controls": "China suspends export controls on gallium",
    "passive": "Export curbs were suspended for a year",
    "nominal": "Suspension of export curbs extended to November",
    "deal reached": "Washington and Hanoi reach trade deal",
    "strike ends": "Dockworkers strike ends at Port of Vancouver",
    "reopens": "Port of Ashdod reopens after cyber outage",
    "court": "Court strikes down tariffs on solar cells",
    "shortage eases": "Helium shortage eases as Qatar plant returns",
    "considers lifting": "Ottawa considers lifting tariffs on steel",
    "grants exemption": "US grants TSMC exemption from export curbs",
    "delisting": "US removes 27 firms from Unverified List",
    "extends suspension": "Washington extends suspension of tariffs",
    "vetoes resolution": "President vetoes resolution to reinstate solar tariffs",
    "will not impose": "Brussels will not impose duties on graphite",
    "allows": "Jakarta allows palm oil exports again",
    "new plant": "Lynas breaks ground on rare earth plant in Texas",
    "avert strike": "Union vote averts strike on Canadian railways",
    "set to be lifted": "Ban on wheat exports set to be lifted",
    "expects shortage to ease": "Renesas expects chip shortage to ease",
    "nominal object of verb": "Seoul welcomes lifting of export curbs on photoresist",
    "cut tariffs": "India cuts import duties on lithium cells",
    "put on hold": "Cairo puts rice export fee on hold",
    "lets lapse": "Moscow lets gasoline export ban lapse",
    "off the list": "Beijing takes nine firms off the control list",
    "quota raised": "Jakarta raises export quotas for nickel ore",
    "strike over": "Three-week mill strike over",
    "annulled": "EU court annuls sanctions on shipowner",
    "compound": "Senate votes for sanctions waiver",
    "resumes": "Smelter in Gabon resumes manganese shipments",
}


@pytest.mark.parametrize("title", [pytest.param(title, id=name) for name, title in TIGHTENING.items()])
def test_tightening_is_read_from_verb_and_object(reader, title):
    assert reader.read(title, "").direction == "tightening"


@pytest.mark.parametrize("title", [pytest.param(title, id=name) for name, title in EASING.items()])
def test_easing_is_read_from_verb_and_object(reader, title):
    assert reader.read(title, "").direction == "easing"


def test_a_measure_of_each_sign_makes_the_direction_mixed(reader):
    title = "Kinshasa lifts ban on cobalt exports and imposes export quotas"
    assert reader.read(title, "").direction == "mixed"


def test_words_without_verb_and_object_stay_unclear(reader):
    assert reader.read("Minister visits the harbour museum", "").direction == "unclear"


def test_the_weight_is_signed_and_the_evidence_points_into_the_text(reader):
    title = "US lifts ban on chip sales to Macau"
    cues = reader.read(title, "")
    assert cues.direction_weight < 0
    first = cues.direction_evidence[0]
    assert title[first.start : first.end] == first.text
    assert first.text.startswith("lifts ban")


def test_last_years_measures_count_less_than_todays(reader):
    body = "Last year the ministry halted exports of germanium. It now allows exports of germanium."
    assert reader.read("Ministry speaks on germanium", body).direction == "easing"


def test_a_condition_is_no_measure(reader):
    plain = reader.read("China halts exports of magnets", "").direction_weight
    conditional = reader.read("Carmakers idle if China halts exports of magnets", "").direction_weight
    assert conditional < plain / 2


def test_a_hyphened_participle_is_no_verb(reader):
    assert reader.read("India buys oil from sanctions-hit supplier", "").direction_evidence == ()
