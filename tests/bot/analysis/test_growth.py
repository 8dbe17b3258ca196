from bot.analysis.growth import begin, grow
from bot.domain import Direction, Severity, Stage
from tests.fakes.values import NOW, article, assessment


def _grown(*steps):
    first_article, first_assessment = steps[0]
    grown = begin(first_article, first_assessment, official=False, now=NOW)
    for number, (changes, read, extra) in enumerate(steps[1:], start=2):
        later = article(id=f"a{number}", **changes)
        grown = grow(
            grown,
            later,
            assessment(article_id=later.id, **read),
            now=NOW,
            **{"official": False, "copy_of": None, **extra},
        )
    return grown


FIRST = (article(), assessment())


def test_a_second_independent_publisher_lifts_the_corroboration_cap() -> None:
    assert _grown(FIRST).severity is Severity.MEDIUM
    assert _grown(FIRST, ({"publisher": "other"}, {}, {})).severity is Severity.HIGH


def test_a_syndicated_copy_adds_a_link_but_no_evidence() -> None:
    grown = _grown(FIRST, ({"publisher": "other"}, {}, {"copy_of": "a1"}))
    assert grown.severity is Severity.MEDIUM
    assert len(grown.articles) == 2
    assert grown.publishers == {"wire"}


def test_two_low_tier_pages_alone_never_reach_high() -> None:
    weak = (article(tier=5, publisher="blog"), assessment(severity=Severity.LOW))
    grown = _grown(weak, ({"tier": 4, "publisher": "portal"}, {"severity": Severity.LOW}, {}))
    assert grown.severity is Severity.LOW


def test_a_lone_weak_source_cannot_advance_the_stage_but_a_wire_can() -> None:
    rumour = (article(), assessment(stage=Stage.RUMOUR))
    blog = _grown(rumour, ({"tier": 5, "publisher": "blog"}, {"stage": Stage.IN_FORCE}, {}))
    wire = _grown(rumour, ({"tier": 2, "publisher": "other"}, {"stage": Stage.IN_FORCE}, {}))
    assert blog.stage is Stage.RUMOUR
    assert wire.stage is Stage.IN_FORCE


def test_the_official_text_outweighs_a_retelling_with_the_wrong_direction() -> None:
    wrong = (article(tier=4), assessment(direction=Direction.EASING))
    grown = _grown(wrong, ({"tier": 1, "publisher": "gov"}, {"direction": Direction.TIGHTENING}, {"official": True}))
    assert grown.direction is Direction.TIGHTENING


def test_two_equal_houses_that_disagree_make_it_mixed() -> None:
    grown = _grown(FIRST, ({"publisher": "other"}, {"direction": Direction.EASING}, {}))
    assert grown.direction is Direction.MIXED


def test_adding_the_same_article_twice_changes_nothing() -> None:
    grown = _grown(FIRST)
    assert grow(grown, article(), assessment(), official=False, copy_of=None, now=NOW) == grown


def test_the_headline_follows_the_stage_in_the_words_of_the_most_readable_source() -> None:
    rumour = (article(title="Ministry weighs ban"), assessment(stage=Stage.RUMOUR))
    official = {"tier": 1, "publisher": "gov", "title": "Order No 7 concerning goods of heading 28.05"}
    grown = _grown(rumour, (official, {"stage": Stage.IN_FORCE}, {"official": True}))
    assert grown.headline == "Order No 7 concerning goods of heading 28.05"
    again = _grown(
        rumour,
        (official, {"stage": Stage.IN_FORCE}, {"official": True}),
        ({"publisher": "other", "title": "Ministry bans exports"}, {"stage": Stage.IN_FORCE}, {}),
    )
    assert again.headline == "Order No 7 concerning goods of heading 28.05", "a headline that fits is not changed again"
