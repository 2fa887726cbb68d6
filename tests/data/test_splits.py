from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.data import PairGraph, Pairs, QuestionPair, read_pairs, split_by_component

words = st.integers(0, 40).map(str)
row_lists = st.lists(st.tuples(words, words, st.booleans()), min_size=1, max_size=60)
fractions = st.floats(0.05, 0.95)


def split_rows(rows, fraction, seed=0):
    graph = PairGraph.of(Pairs.collect(QuestionPair(*row, 1) for row in rows))
    return graph, split_by_component(graph, fraction, seed)


def many_small_components(count=400):
    """Three questions each: one duplicate pair and one other."""
    return [
        row
        for number in range(count)
        for row in ((f"a{number}", f"b{number}", True), (f"b{number}", f"c{number}", False))
    ]


def one_large_component(count=60):
    """A chain of duplicate pairs, linked by pairs that are none."""
    same = [(f"a{number}", f"b{number}", True) for number in range(count)]
    other = [(f"b{number}", f"a{(number + 1) % count}", False) for number in range(count)]
    return same + other


def questions_of(rows, held_out, side):
    return {
        question
        for (left, right, _), held in zip(rows, held_out, strict=True)
        if held == side
        for question in (left, right)
    }


@given(st.integers(0, 5), fractions)
@settings(max_examples=20)
def test_no_question_is_on_both_sides(seed, fraction):
    rows = many_small_components(60)
    _, split = split_rows(rows, fraction, seed)
    held = questions_of(rows, split.held_out, True)
    assert not held & questions_of(rows, split.held_out, False)
    assert (split.cut_components, split.crossing_pairs) == (0, 0)


@given(row_lists, fractions)
def test_duplicates_stay_together_even_where_components_are_cut(rows, fraction):
    graph, split = split_rows(rows, fraction)
    same = np.array([label for _, _, label in rows])
    held = split.held_out[same]
    groups = graph.groups[graph.left[same]]
    assert not set(groups[held]) & set(groups[~held])


@given(row_lists, fractions)
def test_crossing_pairs_are_all_that_leaks(rows, fraction):
    _, split = split_rows(rows, fraction)
    held = questions_of(rows, split.held_out, True)
    trained = questions_of(rows, split.held_out, False)
    assert len(held & trained) <= 2 * split.crossing_pairs
    if not split.cut_components:
        assert split.crossing_pairs == 0


@given(fractions)
@settings(max_examples=20)
def test_at_least_the_fraction_is_held_out(fraction):
    _, split = split_rows(many_small_components(), fraction)
    assert split.held_out.sum() >= fraction * len(split.held_out)


@given(fractions)
@settings(max_examples=20)
def test_hardly_more_than_the_fraction_is_held_out(fraction):
    _, split = split_rows(many_small_components(), fraction)
    assert split.held_out.sum() < fraction * len(split.held_out) + 2


@given(row_lists, fractions, st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(rows, fraction, random):
    order = random.sample(range(len(rows)), len(rows))
    _, split = split_rows(rows, fraction)
    _, again = split_rows([rows[row] for row in order], fraction)
    assert again.held_out.tolist() == split.held_out[order].tolist()
    assert again.crossing_pairs == split.crossing_pairs


def test_another_seed_is_another_split():
    rows = many_small_components()
    splits = [split_rows(rows, 0.5, seed)[1].held_out for seed in (0, 0, 1, 2**64 - 1)]
    assert (splits[0] == splits[1]).all()
    assert (splits[0] != splits[2]).any()
    assert (splits[0] != splits[3]).any()


def test_both_sides_hold_like_shares_of_duplicates():
    rows = many_small_components()
    _, split = split_rows(rows, 0.3)
    labels = np.array([label for _, _, label in rows])
    assert labels[split.held_out].mean() == labels[~split.held_out].mean() == 0.5


def test_a_large_component_is_cut_and_said_to_be():
    _, split = split_rows(one_large_component(), 0.2)
    assert split.cut_components == 1
    assert split.crossing_pairs > 0
    assert 0.1 <= split.held_out.mean() < 0.3


@pytest.mark.parametrize("fraction", [0.15, 0.5])
def test_a_cut_keeps_the_share_of_duplicates_too(fraction):
    """The help-desk sample is one component: near misses tie all of its groups together."""
    pairs = read_pairs(str(resources.files("gemel.samples") / "helpdesk.tsv"))
    split = split_by_component(PairGraph.of(pairs), fraction)
    assert split.cut_components == 1
    assert split.held_out.mean() == pytest.approx(fraction, abs=0.03)
    assert pairs.labels[split.held_out].mean() == pytest.approx(pairs.prevalence, abs=0.05)
    assert pairs.labels[~split.held_out].mean() == pytest.approx(pairs.prevalence, abs=0.05)
