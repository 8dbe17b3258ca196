"""How articles are placed, as a table of pairs: same event, copy, next step, merely similar."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.grouping import Window, traits_of
from bot.analysis.story_evaluation import group, read_traits
from rules.cues import load_reader
from tests.fakes.values import NOW, article, assessment

FIRST = (
    "Beijing restricts exports of two chipmaking metals",
    "China's commerce ministry said gallium and germanium will need an export licence from August.",
)
PACKAGE = (
    "EU adopts 14th sanctions package against Russia",
    "Member states agreed on measures against liquefied gas transshipment and 116 companies and persons.",
)
AGENCY_TEXT = (
    "The ministry said licences would be needed from next month for shipments of the ore, the concentrate and the"
    " refined metal, after a review found that stockpiles at the three northern smelters had fallen by half."
)


@pytest.fixture(scope="module")
def reader():
    return load_reader()


def _traits(reader, number, title, summary="", *, hours=0.0, publisher=None, **changes):
    made = article(
        id=f"a{number}",
        title=title,
        summary=summary,
        publisher=publisher or f"p{number}",
        published_at=NOW + timedelta(hours=hours),
        fetched_at=NOW + timedelta(hours=hours),
        **changes,
    )
    return read_traits(made, reader)


def _place(reader, first, second, *, hours, **changes):
    window = Window()
    window.add("s1", _traits(reader, 1, *first))
    return window.place(_traits(reader, 2, *second, hours=hours, **changes))


SAME = {
    "other words for actor, deed and object": (
        FIRST,
        ("China curbs gallium and germanium shipments", "Export permits for the two metals are needed from August."),
        3,
    ),
    "the next morning's report": (
        FIRST,
        ("Chinese export controls on gallium and germanium alarm chipmakers", "The curbs begin in August."),
        16,
    ),
    "a port strike told by two desks": (
        ("Dockworkers walk out at Port of Freeport", "Cranes stand still as the dockers' union begins a strike."),
        ("Strike shuts Freeport terminals", "Dock workers at the port of Freeport stopped work over pay."),
        5,
    ),
    "two Chinese reports": (
        ("商务部对镓和锗实施出口管制", "出口经营者须申请许可。"),
        ("中国对镓锗相关物项实施出口管制", "未经许可不得出口。"),
        3,
    ),
    "the same package with another angle": (
        PACKAGE,
        ("Russia gas transshipment hit by EU's fourteenth sanctions package", "The package lists 116 companies."),
        4,
    ),
}

APART = {
    "another country's measure": (
        FIRST,
        ("Chile plans royalty on lithium brine", "The mining ministry sent a draft law to the senate."),
        3,
    ),
    "another company's plant": (
        ("Fire halts Orbit Chemicals plant in Louisiana", "The ethylene unit is shut after the blaze."),
        ("Fire stops Kessler Foods bakery in Ohio", "The bread lines are down after flames in the oven hall."),
        3,
    ),
    "the same words ten days later": (
        ("Dockworkers walk out at Port of Freeport", "Cranes stand still as the union begins a strike."),
        ("Dockworkers at Port of Freeport in new walkout", "A strike over rosters stops the cranes."),
        240,
    ),
}

STEPS = {
    "the next package": (
        PACKAGE,
        ("EU adopts 15th sanctions package against Russia", "Member states agreed on more measures on companies."),
        30,
        "another number in the series",
    ),
    "a retaliation": (
        ("US raises tariffs on Chinese electric cars", "Washington raises the duty on electric cars from China."),
        ("China retaliates over US tariffs on electric cars", "Beijing raises the duty on cars from the US."),
        20,
        "a retaliation",
    ),
    "a reversal": (
        FIRST,
        (
            "China suspends export controls on two chipmaking metals gallium and germanium",
            "China's commerce ministry suspended the export licence requirement for the metals.",
        ),
        40,
        "a reversal",
    ),
    "another list of parties": (
        ("US adds 28 Chinese firms to Entity List", "The Commerce Department added 28 firms to the export blacklist."),
        ("US adds 37 Chinese firms to Entity List", "The Commerce Department added 37 firms to the export blacklist."),
        50,
        "another list of parties",
    ),
}

COPIES = {
    "agency text under the same headline": (
        ("Freedonia to license tungsten exports", AGENCY_TEXT),
        ("Freedonia to license tungsten exports - Daily Harbour", AGENCY_TEXT[:120]),
        2,
        None,
    ),
    "agency text under a local headline": (
        ("Freedonia to license tungsten exports", AGENCY_TEXT),
        ("Licences for Freedonian ore: what smelters face", AGENCY_TEXT),
        2,
        None,
    ),
    "a publisher's reworded edition": (
        ("Freedonia to license tungsten exports from March", ""),
        ("Freedonia to license exports of tungsten ore from March", ""),
        1,
        "p1",
    ),
}

OTHER_TEXT = (
    "Prices at the Rotterdam warehouses jumped by a fifth within the hour, and traders who spoke to this paper expect"
    " drill makers to run short before spring unless Sylvania opens its own deposits."
)

ORIGINALS = {
    "two desks with like headlines and texts of their own": (
        ("Freedonia to license tungsten exports", AGENCY_TEXT),
        ("Freedonia will license tungsten exports", OTHER_TEXT),
        2,
        {},
    ),
    "two official documents with one title": (
        ("Additions to the Entity List", ""),
        ("Additions to the Entity List", ""),
        72,
        {"tier": 1, "publisher": "p1", "instruments": ("FR 2026-00002",)},
    ),
}


@pytest.mark.parametrize(("first", "second", "hours"), SAME.values(), ids=SAME)
def test_reports_of_one_event_share_a_story(reader, first, second, hours) -> None:
    placed = _place(reader, first, second, hours=hours)
    assert (placed.story_id, placed.copy_of) == ("s1", None)


@pytest.mark.parametrize(("first", "second", "hours"), APART.values(), ids=APART)
def test_merely_similar_news_opens_a_story_of_its_own(reader, first, second, hours) -> None:
    placed = _place(reader, first, second, hours=hours)
    assert (placed.story_id, placed.follows) == (None, None)


@pytest.mark.parametrize(("first", "second", "hours", "why"), STEPS.values(), ids=STEPS)
def test_a_next_step_is_a_new_story_that_follows_the_old(reader, first, second, hours, why) -> None:
    placed = _place(reader, first, second, hours=hours)
    assert (placed.story_id, placed.follows) == (None, "s1")
    assert why in placed.why


@pytest.mark.parametrize(("first", "second", "hours", "publisher"), COPIES.values(), ids=COPIES)
def test_a_copy_is_no_source_of_its_own(reader, first, second, hours, publisher) -> None:
    placed = _place(reader, first, second, hours=hours, publisher=publisher)
    assert (placed.story_id, placed.copy_of) == ("s1", "a1")


@pytest.mark.parametrize(("first", "second", "hours", "changes"), ORIGINALS.values(), ids=ORIGINALS)
def test_texts_of_their_own_are_no_copies(reader, first, second, hours, changes) -> None:
    window = Window()
    own = {**changes, "instruments": ("FR 2026-00001",)} if changes else {}
    window.add("s1", _traits(reader, 1, *first, **own))
    assert window.place(_traits(reader, 2, *second, hours=hours, **changes)).copy_of is None


def test_the_official_document_joins_the_press_that_names_it() -> None:
    window = Window()
    press = article(id="a1", title="New chip rule takes shape", publisher="press")
    window.add("s1", traits_of(press, assessment(instruments=("FR 2026-00789",))))
    document = article(id="a2", title="Revisions to advanced computing items", tier=1, instruments=("FR 2026-00789",))
    placed = window.place(traits_of(document, assessment(article_id="a2", instruments=("FR 2026-00789",))))
    assert placed.story_id == "s1"
    assert "FR 2026-00789" in placed.why


def test_a_law_that_many_articles_cite_does_not_tie_them_together() -> None:
    window = Window()
    cited = ("EO 14105",)
    window.add(
        "s1", traits_of(article(id="a1", title="Fund sells stake in Sylvanian startup"), assessment(instruments=cited))
    )
    other = article(id="a2", title="Turbine maker weighs plant in Freedonia", summary="")
    assert window.place(traits_of(other, assessment(article_id="a2", instruments=cited))).story_id is None


def test_one_look_alike_member_is_not_enough_to_join_a_large_story(reader) -> None:
    window = Window()
    for number in range(8):
        window.add("big", _traits(reader, number, f"Sylvania port strike enters day {number + 2} as talks stall"))
    window.add("big", _traits(reader, 20, "Freedonia lifts graphite export ban for battery makers"))
    placed = window.place(_traits(reader, 21, "Battery makers cheer as Freedonia ends graphite ban", hours=1))
    assert placed.story_id is None


def test_stories_that_an_article_proves_to_be_one_are_united(reader) -> None:
    titles = [
        "Freedonia curbs graphite exports",
        "New licence rule for battery anode material shipments",
        "Freedonia curbs exports of graphite, the battery anode material, with licence rule",
        "Freedonia licence rule curbs graphite exports for battery anode material",
    ]
    found = group([_traits(reader, number, title, hours=number) for number, title in enumerate(titles)])
    assert len(set(found)) == 1


def test_a_story_that_a_user_split_off_is_not_united_again(reader) -> None:
    window = Window()
    for number, story in enumerate(["one", "one", "other", "other"]):
        window.add(story, _traits(reader, number, "Freedonia curbs graphite exports for battery makers"))
    assert window.unions("other") == ("one",)
    window.keep_apart("one", "other")
    assert window.unions("other") == ()


def test_a_followed_story_is_not_united_with_its_next_step(reader) -> None:
    window = Window()
    for number, story in enumerate(["old", "old", "new", "new"]):
        follows = "old" if story == "new" else None
        window.add(story, _traits(reader, number, "Freedonia curbs graphite exports"), follows=follows)
    assert window.unions("new") == ()


def test_adding_an_article_twice_changes_nothing(reader) -> None:
    window = Window()
    one = _traits(reader, 1, *FIRST)
    window.add("s1", one)
    window.add("s1", one)
    assert len(window) == 1
    assert window.place(one).story_id == "s1"


def test_what_is_forgotten_leaves_no_trace(reader) -> None:
    window = Window()
    for number in range(20):
        window.add(f"s{number % 3}", _traits(reader, number, *FIRST, hours=number))
    window.forget(NOW + timedelta(days=9))
    assert len(window) == 0
    assert not any((window._postings, window._keys, window._stories, window._story, window._slots))
    assert window.place(_traits(reader, 30, *FIRST)).story_id is None


def test_forgetting_part_of_a_story_keeps_the_rest(reader) -> None:
    window = Window()
    for number in range(6):
        window.add("s1", _traits(reader, number, *FIRST, hours=24 * number))
    window.forget(NOW + timedelta(days=3))
    assert [window.story_of(f"a{number}") for number in range(6)] == [None, None, None, "s1", "s1", "s1"]


COPIED = [("Freedonia to license tungsten exports", AGENCY_TEXT)] * 4


@given(order=st.permutations(range(4)))
def test_in_whatever_order_copies_come_one_is_the_source(order) -> None:
    reader = load_reader_once()
    window = Window()
    sources = 0
    for number in order:
        traits = _traits(reader, number, *COPIED[number], hours=number / 4)
        placed = window.place(traits)
        sources += placed.copy_of is None
        window.add(placed.story_id or "s1", traits)
    assert sources == 1


@given(
    texts=st.lists(st.tuples(st.text(max_size=60), st.text(max_size=120)), min_size=1, max_size=8),
    gaps=st.lists(st.integers(min_value=0, max_value=300), min_size=8, max_size=8),
)
def test_any_text_finds_a_place_and_is_forgotten(texts, gaps) -> None:
    window, at = Window(), NOW
    for number, (title, summary) in enumerate(texts):
        at += timedelta(hours=gaps[number])
        made = article(id=f"a{number}", title=title, summary=summary, published_at=at)
        traits = traits_of(made, assessment(article_id=made.id))
        placed = window.place(traits)
        assert 0.0 <= placed.similarity <= 1.0001
        window.add(placed.story_id or made.id, traits, follows=placed.follows)
        window.unions(placed.story_id or made.id)
        assert window.story_of(made.id) == (placed.story_id or made.id)
    window.forget(at + timedelta(days=1))
    assert len(window) == 0


def load_reader_once(cache=[]):  # noqa: B006 - hypothesis allows no function-scoped fixture
    if not cache:
        cache.append(load_reader())
    return cache[0]
