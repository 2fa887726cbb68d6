import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.evaluation import score_grouping

groupings = st.lists(st.tuples(st.integers(0, 4), st.integers(-2, 2)), min_size=1, max_size=15)


def columns(rows):
    groups, true = (np.array(column) for column in zip(*rows, strict=True))
    return groups, true


@given(groupings)
def test_pairs_are_counted_as_one_by_one(rows):
    counts = {}
    for (group, true), (other_group, other_true) in itertools.combinations(rows, 2):
        met = group == other_group, true == other_true
        counts[met] = counts.get(met, 0) + 1
    pairs = score_grouping(*columns(rows)).pairs
    assert pairs.true_positives == counts.get((True, True), 0)
    assert pairs.false_positives == counts.get((True, False), 0)
    assert pairs.false_negatives == counts.get((False, True), 0)
    assert pairs.true_negatives == counts.get((False, False), 0)


@given(groupings)
def test_bcubed_is_the_mean_over_rows(rows):
    precision = recall = 0.0
    for group, true in rows:
        with_it = {n for n, (other, _) in enumerate(rows) if other == group}
        truly = {n for n, (_, other) in enumerate(rows) if other == true}
        precision += len(with_it & truly) / len(with_it)
        recall += len(with_it & truly) / len(truly)
    scores = score_grouping(*columns(rows))
    assert scores.bcubed_precision == pytest.approx(precision / len(rows))
    assert scores.bcubed_recall == pytest.approx(recall / len(rows))
    assert scores.bcubed_f1 == pytest.approx(
        2 * precision * recall / (precision + recall) / len(rows)
    )


@given(groupings)
def test_to_swap_the_two_swaps_precision_and_recall(rows):
    groups, true = columns(rows)
    scores, swapped = score_grouping(groups, true), score_grouping(true, groups)
    assert scores.pairs.precision == swapped.pairs.recall
    assert scores.bcubed_precision == pytest.approx(swapped.bcubed_recall)


@given(groupings)
def test_the_true_groups_by_other_numbers_are_perfect(rows):
    groups, _ = columns(rows)
    scores = score_grouping(groups, 7 - 2 * groups)
    assert scores.bcubed_f1 == pytest.approx(1)
    assert scores.pairs.false_positives == scores.pairs.false_negatives == 0


def test_no_rows():
    scores = score_grouping(np.zeros(0, int), np.zeros(0, int))
    assert (scores.pairs.f1, scores.bcubed_f1) == (0, 0)


def test_a_million_rows_take_no_square():
    rows = np.arange(1_000_000)
    scores = score_grouping(rows // 2, rows // 4)
    assert (scores.pairs.precision, scores.bcubed_precision) == (1, 1)
    assert scores.pairs.recall == pytest.approx(1 / 3)
    assert scores.bcubed_recall == pytest.approx(1 / 2)
