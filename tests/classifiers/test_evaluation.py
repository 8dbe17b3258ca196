import numpy as np
import pytest

from classifiers import baselines, evaluation, running
from classifiers.corpus import Example
from classifiers.evaluation import Scored, Verdict


def item(number, relevant, topics=(), direction="", stage="", *, weight=1.0, family=""):
    return Example(
        id=f"i{number}",
        title=f"headline {number}",
        relevant=relevant,
        topics=topics,
        direction=direction,
        stage=stage,
        stands_for=weight,
        family=family,
    )


ITEMS = [
    item(1, True, ("sanctions",), "tightening", "announced"),
    item(2, True, ("sanctions", "enforcement"), "easing", "suspended"),
    item(3, True, ("trade_deal",), "unclear", "none"),
    item(4, False, weight=97.0, family="opinion"),
    item(5, None),
]
VERDICTS = [
    Verdict(probability=0.9, flagged=True, topics=frozenset({"sanctions"}), direction="tightening", stage="announced"),
    Verdict(probability=0.8, flagged=True, topics=frozenset({"sanctions"}), direction="unclear", stage="announced"),
    Verdict(probability=0.2, flagged=False, topics=frozenset({"trade_deal"}), direction="easing", stage="none"),
    Verdict(probability=0.5, flagged=True),
    Verdict(probability=0.9, flagged=True),
]


def report(**changes):
    never = Scored(scores=np.zeros(5), flags=np.zeros(5))
    given = {"threshold": 0.4, "baselines": {"never alert": never}, "resamples": 20} | changes
    return evaluation.evaluate(ITEMS, VERDICTS, **given)


def test_doubtful_items_are_left_out_and_figures_are_right():
    found = report()
    assert (found["n"], found["positives"], found["relevance"]["threshold"]) == (4, 3, 0.4)
    assert found["relevance"]["precision"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["relevance"]["recall"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["natural"]["precision"]["value"] == pytest.approx(2 / 99, abs=1e-4)
    assert found["natural"]["prevalence"] == pytest.approx(0.03)
    assert found["families"] == {"opinion": {"n": 1, "false_positive_rate": 1.0}}


def test_direction_counts_clear_cases_and_coverage():
    direction = report()["direction"]
    assert (direction["n"], direction["accuracy"]["value"], direction["coverage"]["value"]) == (2, 1.0, 0.5)
    assert direction["easing_recall"]["value"] == 0.0


def test_the_report_has_the_agreed_keys():
    found = report()
    assert {"n", "relevance", "natural", "topics", "direction", "stage", "baselines"} <= found.keys()
    assert {"average_precision", "precision", "recall", "f1", "threshold"} <= found["relevance"].keys()
    assert {"precision", "recall", "ece"} <= found["natural"].keys()
    assert {"average_precision", "f1"} <= found["baselines"]["never alert"].keys()
    assert found["topics"]["per_topic"]["sanctions"]["recall"] == 1.0


def test_an_empty_file_gives_a_report_and_no_exception():
    assert evaluation.evaluate([], [], threshold=0.5, baselines={}, resamples=5)["n"] == 0


def test_verdicts_must_match_the_items():
    with pytest.raises(ValueError, match="zip"):
        evaluation.evaluate(ITEMS, VERDICTS[:2], threshold=0.5, baselines={}, resamples=5)


def test_word_lists_flag_what_they_name():
    items = [
        Example(id="a", title="New tariffs could follow, minister fears", relevant=True),
        Example(id="b", title="A quiet garden", relevant=False),
    ]
    found = baselines.word_lists(items)
    assert found["keyword rules"].flags.tolist() == [1.0, 0.0]
    assert found["TPU-style list"].flags.tolist() == [1.0, 0.0]
    assert found["never alert"].flags.sum() == 0


def test_trained_baselines_score_every_item(examples):
    found = baselines.trained(examples, examples[:5], lambda texts: np.ones((len(texts), 2), dtype=np.float32))
    assert {len(b.scores) for b in found.values()} == {5}
    assert "embedding + LR" in found


def test_model_and_reader_are_judged_together(taught, examples):
    def reader(title, _body):
        return running.Outside(lean=-4.0 if "lifts" in title else 4.0, stage="announced", topics=("sanctions",))

    verdicts = running.judge(taught, examples, reader)
    assert {v.direction for e, v in zip(examples, verdicts, strict=True) if "lifts" in e.title} == {"easing"}
    assert all(v.flagged for v in running.rules_alone(examples, reader))
    assert running.items_per_second(taught, examples) > 0
