import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers import measuring

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=40).filter(
    lambda r: any(x for x, _ in r)
)


@given(rows)
def test_average_precision_and_f1_agree_with_scikit_learn(pairs):
    from sklearn.metrics import average_precision_score, f1_score

    labels, scores = np.array([float(a) for a, _ in pairs]), np.array([b / 9 for _, b in pairs])
    assert measuring.average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    flags = (scores > 0.5).astype(float)
    assert measuring.precision_recall_f1(labels, flags)[2] == pytest.approx(f1_score(labels, flags, zero_division=0))


def test_average_precision_without_positives_is_not_a_number():
    assert math.isnan(measuring.average_precision(np.zeros(3), np.arange(3.0)))


def test_calibration_error_is_zero_for_honest_forecasts_and_large_for_wrong_ones():
    labels, ones = np.array([0.0, 1.0] * 50), np.ones(100)
    assert measuring.calibration_error(labels, np.full(100, 0.5), ones, bins=1) == pytest.approx(0)
    assert measuring.calibration_error(labels, np.full(100, 0.9), ones, bins=1) == pytest.approx(0.4)


def test_weights_count_as_copies():
    labels, chances = np.array([1.0, 0.0, 0.0]), np.array([0.9, 0.8, 0.1])
    flags = np.array([1.0, 1.0, 0.0])
    assert measuring.precision_recall_f1(labels, flags, np.array([1.0, 3.0, 1.0]))[0] == 0.25
    assert measuring.precision_at_budget(labels, chances, np.array([1.0, 1.0, 998.0]), 2) == 0.5


def test_the_interval_holds_the_value_and_repeats():
    data = np.arange(50.0)
    first = measuring.bootstrap(50, lambda i: float(data[i].mean()), 100)
    assert first.low < first.value < first.high
    assert first == measuring.bootstrap(50, lambda i: float(data[i].mean()), 100)


def test_nothing_to_measure_gives_a_point():
    assert measuring.bootstrap(0, lambda _: 0.0, 10).rounded() == {"value": 0.0, "low": 0.0, "high": 0.0}
