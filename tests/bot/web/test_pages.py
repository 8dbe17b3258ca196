"""What readers see on each page."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.storage.database import open_engine
from bot.storage.schema import stories
from bot.storage.upgrading import upgrade
from tests.fakes.pages import furnish, make_app, put, read, visiting
from tests.fakes.values import NOW, member, story

GALLIUM, STRIKE, LICENCE = "Country bans exports of gallium", "Dockers end strike", "Ministry grants first gallium"


async def _page(engine, address, *, status=200, **options):
    async with visiting(make_app(engine, **options)) as client:
        answer = await client.get(address)
    assert answer.status_code == status, answer.text
    return read(answer)


def _shown(page):
    return [words for words in (GALLIUM, STRIKE, LICENCE) if words in page.text]


async def test_the_stories_with_the_latest_news_come_first(engine):
    page = await _page(engine, "/")
    assert page.text.index(LICENCE) < page.text.index(GALLIUM) < page.text.index(STRIKE)
    assert "3 stories" in page.text
    assert "Official document" in page.text
    assert "United States → China, XX" in page.text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        pytest.param("topic=critical_minerals", [GALLIUM], id="topic that is not the first"),
        pytest.param("direction=easing", [STRIKE, LICENCE], id="direction"),
        pytest.param("stage=in_force", [GALLIUM], id="stage"),
        pytest.param("severity=medium", [GALLIUM, LICENCE], id="severity and above"),
        pytest.param("severity=critical&direction=easing", [], id="two filters"),
        pytest.param("q=gallium", [GALLIUM, LICENCE], id="word"),
        pytest.param("q=gallium+AND+direction:easing", [LICENCE], id="rule"),
        pytest.param("q=publishers:>%3D2", [GALLIUM], id="publishers without copies"),
        pytest.param("q=gallium&severity=critical", [GALLIUM], id="query within a filter"),
        pytest.param("topic=&q=&stage=", [GALLIUM, STRIKE, LICENCE], id="an empty form"),
    ],
)
async def test_filters_narrow_the_list(engine, asked, shown):
    assert _shown(await _page(engine, f"/?{asked}")) == shown


async def test_a_faulty_query_is_shown_with_the_place_of_its_fault(engine):
    page = await _page(engine, "/?q=chips+AND+(gallium&topic=sanctions", status=400)
    assert "never closed" in page.text
    assert "^" in page.text
    assert [one["value"] for one in page.controls if one["id"] == "q"] == ["chips AND (gallium"]


async def test_filters_that_mean_nothing_are_named_and_left_out(engine):
    page = await _page(engine, "/?topic=weather&stage=done&severity=9&page=many")
    assert "There is no topic “weather”" in page.text
    assert "“many” is no page number" in page.text
    assert "3 stories" in page.text


async def test_pages_hold_twenty_and_keep_the_filters(engine):
    with engine.begin() as tx:
        for number in range(45):
            at = NOW + timedelta(days=3, minutes=number)
            own = member(article_id=f"n{number}", url=f"https://wire.example/{number}", at=at)
            put(tx, story(id=f"dd{number}", headline=f"Story number {number:02}", articles=(own,), last_at=at))
    first = await _page(engine, "/?direction=tightening")
    assert "46 stories, 1 to 20 shown" in first.text
    assert "Page 1 of 3" in first.text
    assert ("/?direction=tightening&page=2", "next") in first.links
    last = await _page(engine, "/?direction=tightening&page=3")
    assert "41 to 46 shown" in last.text
    assert "Story number 04" in last.text
    by_rule = await _page(engine, "/?q=direction:tightening&page=2")
    assert "46 stories, 21 to 40 shown" in by_rule.text


async def test_a_page_beyond_the_last_leads_to_the_last(engine):
    async with visiting(make_app(engine)) as client:
        answer = await client.get("/?page=7&direction=easing")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?direction=easing")


async def test_an_empty_archive_says_where_to_look(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/empty.sqlite3")
    upgrade(engine)
    assert "No story yet" in (await _page(engine, "/")).text
    assert "0 sources" in (await _page(engine, "/sources")).text
    assert "Newest item read –" in (await _page(engine, "/about")).text
    engine.dispose()


async def test_a_story_shows_how_it_came_about(engine):
    page = await _page(engine, "/stories/aa11", titles={"bis": "Bureau of Industry and Security"})
    told = ["Rumour 16 Jul 2025, 12:00", "In force 17 Jul 2025, 12:00"]
    assert all(words in page.text for words in told)
    assert "Low 16 Jul 2025, 12:00 High 17 Jul 2025, 12:00 Critical 17 Jul 2025, 12:00" in page.text
    line = page.text[page.text.index("Timeline") :]
    order = [
        "sources say",
        "First told",
        "final rule",
        "Stage changed Rumour → In force",
        "Severity raised High",
        "More",
    ]
    places = [line.index(words) for words in order]
    assert places == sorted(places)
    for words in ("In effect 20 Jul 2025", "Comments due 1 Sep 2025", "FR 2025-1", "rare earths", "unknown body"):
        assert words in page.text
    assert "Bureau of Industry and Security" in page.text
    assert "2 independent, 3 articles" in page.text


async def test_a_story_lists_its_sources_by_tier_with_the_official_document_first(engine):
    page = await _page(engine, "/stories/aa11")
    assert page.outside()[0] == "https://register.example/a2"
    section = page.text[page.text.index("Sources by tier") : page.text.index("Timeline")]
    order = ["Official", "final rule", "Wire", "The Wire", "Regional or aggregator", "copy of an agency's text"]
    places = [section.index(words) for words in order]
    assert places == sorted(places)


async def test_a_story_says_why_it_was_flagged_and_links_the_rules(engine):
    page = await _page(engine, "/stories/aa11")
    assert "official instrument from a tier-1 source" in page.text
    assert "90%" in page.text
    assert "model model-1, rules rules-1" in page.text
    assert "gallium +2.2" in page.text
    assert ("/rules/us_ear_rule", "") in page.links
    assert page.text.count("Export rule") == 1  # the same word in another case is shown once


async def test_a_story_links_the_step_before_and_the_step_after(engine):
    assert ("/stories/aa11", "") in (await _page(engine, "/stories/cc33")).links
    assert ("/stories/cc33", "") in (await _page(engine, "/stories/aa11")).links


async def test_a_story_that_was_merged_leads_to_the_one_that_stays(engine):
    with engine.begin() as tx:
        tx.execute(update(stories).where(stories.c.id == "bb22").values(merged_into="aa11"))
    async with visiting(make_app(engine)) as client:
        answer = await client.get("/stories/bb22")
        listed = read(await client.get("/"))
    assert (answer.status_code, answer.headers["location"]) == (301, "/stories/aa11")
    assert STRIKE not in listed.text


async def test_sources_in_trouble_come_first_and_tell_no_secret(engine):
    async with visiting(make_app(engine)) as client:
        answer = await client.get("/sources")
    page = read(answer)
    assert page.text.index("Paused feed") < page.text.index("Keyed feed") < page.text.index("The Wire")
    assert "feeds.example" in page.text
    assert "4 times in a row" in page.text
    assert "canary" not in answer.text


async def test_sources_are_narrowed_by_state(engine):
    page = await _page(engine, "/sources?state=failing")
    assert "Keyed feed" in page.text
    assert "The Wire" not in page.text
    assert "The Wire" in (await _page(engine, "/sources?state=unheard")).text
    assert "No source is in this state" in (await _page(engine, "/sources?state=stale")).text


async def test_each_rule_has_a_page_with_its_query_and_examples(engine):
    listed = await _page(engine, "/rules")
    assert ("/rules/us_ear_rule", "") in listed.links
    assert "Export controls" in listed.text
    page = await _page(engine, "/rules/us_ear_rule")
    for words in ("stable", '"commerce control list"', "Must match", "Must not match", "May err on", "all of:"):
        assert words in page.text


async def test_every_shipped_rule_can_be_shown(engine):
    app = make_app(engine)
    async with visiting(app) as client:
        listed = read(await client.get("/rules"))
        for address in [link for link, _ in listed.links if link.startswith("/rules/")]:
            assert (await client.get(address)).status_code == 200


async def test_the_scorecard_is_shown_as_it_stands_in_the_file(engine, tmp_path):
    card = tmp_path / "scorecard.md"
    card.write_text(
        "# Detector\n\nWith **care**.\n\n| figure | value |\n|---|---|\n| recall | 0.79 |\n", encoding="utf-8"
    )
    page = await _page(engine, "/scorecard", scorecard=card)
    assert "Detector With care . figure value recall 0.79" in page.text


async def test_without_a_scorecard_the_model_tells_its_figures(engine):
    model = {"version": "m1", "threshold": 0.5, "topic_thresholds": {"sanctions": 0.2}, "sha256": "x"}
    page = await _page(engine, "/scorecard", scorecard=Path("no/such/file.md"), model=model)
    assert "No scorecard file" in page.text
    assert "m1" in page.text
    assert '"sanctions": 0.2' in page.text


async def test_about_shows_versions_and_what_is_stored(engine):
    page = await _page(engine, "/about", model={"version": "m1"})
    assert "Model m1" in page.text
    assert "Stories 3 Articles 5" in page.text
    assert "SQLite" in page.text


async def test_the_zone_of_the_settings_is_the_zone_of_the_times(engine):
    page = await _page(engine, "/")
    assert "Times in UTC" in page.text


async def test_the_pages_read_the_same_from_every_database(database):
    engine = open_engine(database)
    upgrade(engine)
    with engine.begin() as tx:
        furnish(tx)
    app = make_app(engine)
    async with visiting(app) as client:
        for address in (
            "/",
            "/?topic=critical_minerals&severity=high",
            "/?q=gallium",
            "/stories/aa11",
            "/sources",
            "/about",
        ):
            answer = await client.get(address)
            assert answer.status_code == 200
            assert GALLIUM in read(answer).text or address in {"/sources", "/about"}
    engine.dispose()
