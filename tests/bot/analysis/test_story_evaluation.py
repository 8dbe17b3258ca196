import json

import pytest
from typer.testing import CliRunner

from bot.analysis import story_baselines as simple
from bot.analysis.story_evaluation import bcubed, evaluate, mixing, pairwise, read_items
from bot.cli.stories import app
from bot.errors import InputError
from rules.cues import load_reader

NEWS = [
    ("graphite", "2026-03-02T08:00:00Z", "Freedonia curbs graphite exports to battery makers"),
    ("graphite", "2026-03-02T10:00:00Z", "Battery makers hit as Freedonia restricts graphite exports"),
    ("strike", "2026-03-02T09:00:00Z", "Dockers' strike shuts port of Sylvania"),
    ("strike", "2026-03-02", "Port of Sylvania shut by strike of dock workers"),
    ("-", "2026-03-02T09:30:00Z", "Ten recipes for a rainy day"),
    ("fire", "2026-03-03T09:00:00+02:00", "Fire at lens plant halts deliveries to camera makers"),
]


@pytest.fixture
def news(tmp_path):
    path = tmp_path / "news.jsonl"
    rows = [
        {
            "id": str(number),
            "story": story,
            "published": at,
            "title": title,
            "summary": "",
            "source": f"s{number}.example",
        }
        for number, (story, at, title) in enumerate(NEWS)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    return path


def test_the_scores_agree_with_a_count_by_hand() -> None:
    gold, found = list("aaabbc"), list("xxyyyz")
    pairs = pairwise(gold, found)  # found pairs: 1 + 3, right: aa, bb; true pairs: 3 + 1
    assert (pairs.precision, pairs.recall, pairs.f1) == (0.5, 0.5, 0.5)
    items = bcubed(gold, found)  # precision (1 + 1 + 1/3 + 2/3 + 2/3 + 1) / 6, recall (2/3 + 2/3 + 1/3 + 1 + 1 + 1) / 6
    assert (items.precision, items.recall) == (0.7778, 0.7778)
    assert mixing(gold, found) == {"over_merge_rate": 0.5, "split_rate": 0.5}


def test_perfect_and_trivial_groupings_score_as_they_must() -> None:
    gold = list("aabbc")
    assert pairwise(gold, gold).f1 == bcubed(gold, gold).f1 == 1.0
    assert pairwise(gold, range(5)).f1 == 0.0
    assert pairwise(range(5), range(5)).f1 == 1.0


def test_items_of_no_story_are_left_out_and_the_rest_comes_in_time_order(news) -> None:
    assert [item.story for item in read_items(news)] == ["strike", "graphite", "strike", "graphite", "fire"]


def test_the_figures_have_the_agreed_form(news) -> None:
    figures = evaluate(news, load_reader())
    assert figures["n"] == 5
    for found in (figures, *figures["baselines"].values()):
        assert set(found["pairwise"]) == set(found["bcubed"]) == {"precision", "recall", "f1"}
    assert set(figures["baselines"]) == {"exact_title", "minhash_0.8", "tfidf_single", "tfidf_average"}
    assert figures["pairwise"]["f1"] == 1.0
    assert figures["over_merge_rate"] == 0.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "news.jsonl:1"),
        ('{"title": "x", "story": "s"}', "published"),
        ('{"title": "x", "story": "s", "published": "soon"}', "no ISO 8601"),
        ('{"title": "x", "story": "-", "published": "2026-03-02"}', "no item with a story"),
        ("", "no item with a story"),
    ],
    ids=["broken json", "no time", "no real time", "no stories", "empty"],
)
def test_unreadable_news_is_refused_with_its_place(tmp_path, line, said) -> None:
    path = tmp_path / "news.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_items(path)


def test_the_command_prints_and_writes_the_figures(news, tmp_path) -> None:
    out = tmp_path / "figures.json"
    done = CliRunner().invoke(app, ["evaluate", "--data", str(news), "--json", str(out), "--quick"])
    assert done.exit_code == 0, done.output
    assert "5 articles of 3 events" in " ".join(done.output.split())
    assert json.loads(out.read_text(encoding="utf-8"))["n"] == 5


def test_single_link_chains_where_average_link_does_not() -> None:
    pairs = {(0, 1): 0.5, (1, 2): 0.5}
    assert len(set(simple.single_link(3, pairs, 0.4))) == 1
    assert len(set(simple.average_link(3, pairs, 0.4))) == 2


def test_the_simple_ways_find_what_they_are_made_for() -> None:
    titles = ["Freedonia bans graphite exports", "Freedonia Bans Graphite Exports!", "Port shut by strike"]
    assert simple.exact_title(titles) == [0, 0, 2]
    groups = simple.minhash([*titles, "Freedonia bans all graphite exports now, says ministry"])
    assert groups[0] == groups[1] != groups[2]
    cosine = simple.tfidf(titles)
    assert cosine[0, 1] == pytest.approx(1.0)
    assert (0, 2) not in cosine
