"""Disasters, party lists and the world's news: sources whose items are made, not written."""

import io
import json
import zipfile

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.items import NotAFeedError, Parsed
from bot.ingest.kind import Answer
from bot.ingest.kinds import KINDS
from bot.ingest.kinds import gdelt as gdelt_kind
from tests.fakes.feed_faults import NOW


def parse(
    kind: SourceKind, body: bytes, state: object = None, *, step: str = "", url: str = "https://x.test/f"
) -> Parsed:
    source = Source(id="s", name="S", url=url, kind=kind, tier=1, publisher="P")
    return KINDS[kind].parse(source, Answer(url=url, headers={}, body=body, step=step, at=NOW), state or {})


def quake(magnitude: object, longitude: float, latitude: float, **properties: object) -> dict[str, object]:
    values = {"mag": magnitude, "place": "25 km S of Hualien City, Taiwan", "type": "earthquake", "url": "/e/1"}
    return {
        "id": "us7000",
        "properties": values | {"time": int(NOW.timestamp() * 1000)} | properties,
        "geometry": {"coordinates": [longitude, latitude, 12.4]},
    }


def quakes(*features: object) -> tuple[str, ...]:
    found = parse(SourceKind.USGS, json.dumps({"type": "FeatureCollection", "features": features}).encode())
    return tuple(item.title for item in found.items)


def test_a_strong_quake_where_chips_are_made_is_an_item() -> None:
    body = json.dumps({"features": [quake(6.4, 121.6, 23.7, alert="orange", tsunami=1)]}).encode()
    (item,) = parse(SourceKind.USGS, body).items
    assert item.title.startswith("Magnitude 6.4 earthquake 25 km S of Hualien City, Taiwan: production may halt")
    assert "semiconductor plants" in item.title
    assert "depth of 12 km" in item.summary
    assert "impact alert: orange" in item.summary
    assert "no damage is confirmed" in item.summary
    assert item.published_at == NOW


@pytest.mark.parametrize(
    "feature",
    [
        quake(5.9, 121.6, 23.7),
        quake(7.5, -30.0, 0.0),
        quake(None, 121.6, 23.7),
        quake("6.5", 121.6, 23.7),
        quake(6.5, 121.6, 23.7, type="quarry blast"),
        {"properties": None},
        {"properties": {"mag": 7}, "geometry": {"coordinates": ["a"]}},
        "text",
    ],
)
def test_weak_remote_and_odd_quakes_are_none(feature: object) -> None:
    assert quakes(feature) == ()


def gdacs(level: str, country: str, event: str = "TC") -> bytes:
    return f"""<rss version="2.0" xmlns:gdacs="http://www.gdacs.org"><channel><title>GDACS</title><item>
    <title>Alert</title><link>https://www.gdacs.org/report.aspx?eventid=1</link>
    <pubDate>Tue, 24 Nov 2026 12:00:00 GMT</pubDate><gdacs:eventid>77</gdacs:eventid>
    <gdacs:eventtype>{event}</gdacs:eventtype><gdacs:alertlevel>{level}</gdacs:alertlevel>
    <gdacs:country>{country}</gdacs:country></item></channel></rss>""".encode()


def test_an_orange_alert_where_things_are_made_is_an_item_and_a_raised_one_another() -> None:
    (orange,) = parse(SourceKind.GDACS, gdacs("Orange", "Philippines, Taiwan")).items
    (red,) = parse(SourceKind.GDACS, gdacs("Red", "Taiwan")).items
    assert orange.title.startswith("Tropical cyclone in Philippines, Taiwan, orange alert: production may halt at")
    assert orange.identity != red.identity


@pytest.mark.parametrize(("level", "country"), [("Green", "Taiwan"), ("Red", "Vanuatu"), ("", "Japan")])
def test_routine_and_remote_alerts_are_none(level: str, country: str) -> None:
    assert parse(SourceKind.GDACS, gdacs(level, country)).items == ()


def csl(*names: str, listing: str = "Entity List (EL) - Bureau of Industry and Security") -> bytes:
    return json.dumps(
        {"results": [{"id": f"id-{name}", "name": name, "source": listing} for name in (*names, *STOCK)]}
    ).encode()


STOCK = tuple(f"Company {n}" for n in range(40))


def test_the_first_reading_of_a_list_tells_nothing() -> None:
    first = parse(SourceKind.SCREENING_LIST, csl("Alpha"))
    assert first.items == ()
    assert first.state is not None
    assert len(first.state["parties"]) == 41


def test_added_and_removed_parties_become_articles() -> None:
    before = parse(SourceKind.SCREENING_LIST, csl("Alpha", "Beta")).state
    items = parse(SourceKind.SCREENING_LIST, csl("Beta", "Gamma", "Delta"), before).items
    assert [item.title for item in items] == [
        "US adds 2 parties to the Entity List: Gamma, Delta",
        "US removes one party from the Entity List: Alpha",
    ]
    assert items[0].published_at == NOW
    assert items[0].url.startswith("https://www.trade.gov/")


def test_a_large_change_is_one_bounded_article() -> None:
    before = parse(SourceKind.SCREENING_LIST, csl()).state
    (item,) = parse(SourceKind.SCREENING_LIST, csl(*(f"New {n}" for n in range(500))), before).items
    assert item.title == "US adds 500 parties to the Entity List: New 0, New 1, New 2 and 497 more"
    assert "and 440 more." in item.summary
    assert len(item.summary) < 6000


def test_a_list_that_lost_half_of_itself_is_a_broken_download() -> None:
    before = parse(SourceKind.SCREENING_LIST, csl("Alpha")).state
    with pytest.raises(NotAFeedError, match="less than half"):
        parse(SourceKind.SCREENING_LIST, json.dumps({"results": json.loads(csl())["results"][:5]}).encode(), before)


def sdn(*names: str) -> bytes:
    entries = "".join(
        f"<sdnEntry><uid>{name}</uid><firstName>{name}</firstName><lastName>SMITH &amp; CO</lastName>"
        f"<akaList><aka><uid>9</uid><lastName>ALIAS</lastName></aka></akaList></sdnEntry>"
        for name in (*names, *STOCK)
    )
    return f'<?xml version="1.0"?><sdnList xmlns="https://x.test">{entries}</sdnList>'.encode()


def test_the_sdn_list_is_compared_entry_by_entry() -> None:
    before = parse(SourceKind.SDN_LIST, sdn()).state
    (item,) = parse(SourceKind.SDN_LIST, sdn("Ann"), before).items
    assert item.title == "OFAC adds one party to the SDN List: Ann SMITH & CO"


def gkg(*rows: list[str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.gkg.csv", "".join("\t".join(row) + "\n" for row in rows))
    return packed.getvalue()


def row(
    title: str, *, url: str = "https://paper.test/a", themes: str = "", orgs: str = "", precise: str = ""
) -> list[str]:
    cells = [""] * 27
    cells[1], cells[3], cells[4], cells[8], cells[14] = "20261124120000", "paper.test", url, themes, orgs
    cells[26] = f"<PAGE_TITLE>{title}</PAGE_TITLE>" + (
        f"<PAGE_PRECISEPUBTIMESTAMP>{precise}</PAGE_PRECISEPUBTIMESTAMP>" if precise else ""
    )
    return cells


def table(*rows: list[str]) -> Parsed:
    return parse(SourceKind.GDELT, gkg(*rows), step="table", url="http://data.gdelt.test/20261124120000.gkg.csv.zip")


def test_the_newest_table_is_asked_for_once_and_from_the_same_host() -> None:
    body = b"1 a http://data.gdelt.test/1.export.CSV.zip\n2 b http://data.gdelt.test/1.mentions.CSV.zip\n"
    body += b"3 c http://data.gdelt.test/1.gkg.csv.zip\n"
    asked = parse(SourceKind.GDELT, body, url="http://data.gdelt.test/lastupdate.txt")
    assert asked.follow is not None
    assert asked.follow["url"] == "http://data.gdelt.test/1.gkg.csv.zip"
    again = parse(SourceKind.GDELT, body, {"last": asked.follow["url"]}, url="http://data.gdelt.test/lastupdate.txt")
    assert again.follow is None
    with pytest.raises(NotAFeedError):
        parse(SourceKind.GDELT, body, url="http://other.test/lastupdate.txt")


def test_rows_that_concern_us_become_items_of_their_publishers() -> None:
    found = table(
        row("Ministry weighs export controls on gallium &#x2013; officials", precise="20261124113000"),
        row("Ministry weighs export controls", url="http://www.paper.test/a?utm_source=x"),
        row("Local team wins cup", url="https://paper.test/b"),
        row("Statement", url="https://paper.test/c", themes="SANCTIONS,12", orgs="ministry of commerce,5"),
        row("Tariffs up", url="javascript:alert(1)"),
        ["too", "short"],
    )
    assert [item.title for item in found.items] == [
        "Ministry weighs export controls on gallium – officials",
        "Statement",
    ]
    assert found.items[0].publisher == "paper.test"
    assert found.items[0].published_at is not None
    assert found.items[0].published_at.hour == 11
    assert found.total == 6


def test_a_publication_time_after_the_sighting_is_not_believed() -> None:
    (item,) = table(row("Tariffs rise on steel", precise="20301124113000")).items
    assert item.published_at == NOW


def test_a_zip_bomb_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdelt_kind, "MAX_TABLE_BYTES", 100_000)
    assert table(*[row("Tariffs " + "a" * 5000, url=f"https://paper.test/{n}") for n in range(2000)]).total < 30


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04broken", gkg(row("x"))[:-30]])
def test_broken_tables_are_refused(body: bytes) -> None:
    with pytest.raises(NotAFeedError, match="zip"):
        parse(SourceKind.GDELT, body, step="table")
