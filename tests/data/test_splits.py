import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gemel.data import (
    NOWHERE,
    PairGraph,
    Pairs,
    QuestionPair,
    hold_out,
    measure_overlap,
    read_pairs,
    split_by_component,
)
from gemel.samples import HELPDESK

words = st.integers(0, 40).map(str)
row_lists = st.lists(st.tuples(words, words, st.booleans()), min_size=1, max_size=60)
fractions = st.floats(0.05, 0.95)
share_lists = st.lists(st.integers(1, 9), min_size=1, max_size=5).map(
    lambda weights: [weight / sum(weights) for weight in weights]
)


def graph_of(rows):
    return PairGraph.of(Pairs.collect(QuestionPair(*row, 1) for row in rows))


def split_rows(rows, shares, seed=0):
    return split_by_component(graph_of(rows), shares, seed)


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


def parts_of_questions(rows, parts):
    """Say for every question in which parts it is."""
    found = {}
    for (left, right, _), part in zip(rows, parts.tolist(), strict=True):
        found.setdefault(left, set()).add(part)
        found.setdefault(right, set()).add(part)
    return found


@given(st.integers(0, 5), share_lists)
@settings(max_examples=30)
def test_no_question_is_in_two_parts(seed, shares):
    rows = many_small_components(60)
    split = split_rows(rows, shares, seed)
    assert all(len(parts) == 1 for parts in parts_of_questions(rows, split.parts).values())
    assert (split.cut_components, split.crossing_pairs) == (0, 0)


@given(row_lists, share_lists)
def test_nothing_is_dropped_without_need(rows, shares):
    """Unless a component is cut, and then nothing but what links two parts."""
    split = split_rows(rows, shares)
    assert len(split.parts) == len(rows)
    assert set(split.parts[~split.crossing].tolist()) <= set(range(len(shares)))
    assert (split.parts[split.crossing] == NOWHERE).all()


@given(row_lists, share_lists)
def test_duplicates_stay_together_even_where_components_are_cut(rows, shares):
    graph = graph_of(rows)
    split = split_by_component(graph, shares)
    part_of_group = {}
    for row, (_, _, label) in enumerate(rows):
        if label:
            group = int(graph.groups[graph.left[row]])
            assert part_of_group.setdefault(group, split.parts[row]) == split.parts[row]


@given(row_lists, share_lists)
def test_no_question_is_in_two_parts_of_what_is_left(rows, shares):
    """Crossing pairs are non-duplicates of cut components."""
    split = split_rows(rows, shares)
    kept = ~split.crossing
    inside = [row for row, keep in zip(rows, kept, strict=True) if keep]
    assert all(len(parts) == 1 for parts in parts_of_questions(inside, split.parts[kept]).values())
    assert not any(rows[row][2] for row in np.flatnonzero(split.crossing))
    if not split.cut_components:
        assert split.crossing_pairs == 0


@given(share_lists)
@settings(max_examples=30)
def test_every_share_is_met_within_one_component(shares):
    """The parts get what they ask for, give or take the two pairs of a component."""
    split = split_rows(many_small_components(), shares)
    sizes = np.bincount(split.parts, minlength=len(shares))
    assert (abs(sizes - np.array(shares) * len(split.parts)) <= 2 + 1e-9).all()


@given(fractions)
@settings(max_examples=20)
def test_at_least_the_fraction_is_held_out_and_hardly_more(fraction):
    held = (hold_out(graph_of(many_small_components()), fraction).parts == 0).sum()
    assert fraction * 800 <= held < fraction * 800 + 2


def test_huge_groups_go_where_most_is_missing():
    """Half of the pairs in one duplicate group: the small part does not get it by bad luck."""
    crowd = [("hub", f"spoke{number}", True) for number in range(120)]
    for seed in range(20):
        split = split_rows(crowd + many_small_components(60), (0.1, 0.1, 0.8), seed)
        assert np.bincount(split.parts).tolist() == [24, 24, 192]


def test_what_huge_groups_leave_is_shared_out():
    """Three of ten parts have more than enough: the other seven share the rest."""
    crowds = [(f"hub{n % 3}", f"spoke{n}", True) for n in range(600)]
    split = split_rows(crowds + many_small_components(70), [0.1] * 10)
    assert np.bincount(split.parts).tolist() == [200] * 3 + [20] * 7


@given(row_lists, share_lists, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_their_sides_make_a_difference(rows, shares, random):
    order = random.sample(range(len(rows)), len(rows))
    split = split_rows(rows, shares)
    turned = [(right, left, label) for left, right, label in rows]
    again = split_rows([turned[row] for row in order], shares)
    assert again.parts.tolist() == split.parts[order].tolist()
    assert again.crossing.tolist() == split.crossing[order].tolist()


def test_another_seed_is_another_split():
    rows = many_small_components()
    splits = [split_rows(rows, (0.5, 0.5), seed).parts for seed in (0, 0, 1, 2**64 - 1)]
    assert (splits[0] == splits[1]).all()
    assert (splits[0] != splits[2]).any()
    assert (splits[0] != splits[3]).any()


def test_all_parts_hold_like_shares_of_duplicates():
    rows = many_small_components()
    split = split_rows(rows, (0.3, 0.5, 0.2))
    labels = np.array([label for _, _, label in rows])
    assert [labels[split.parts == part].mean() for part in range(3)] == [0.5, 0.5, 0.5]


def test_a_large_component_is_cut_and_reported():
    split = split_rows(one_large_component(), (0.2, 0.8))
    assert split.cut_components == 1
    assert split.crossing_pairs > 0
    assert 0.1 <= (split.parts == 0).mean() < 0.3


def test_a_single_pair_is_never_cut_however_few_there_are():
    rows = [(f"a{number}", f"b{number}", bool(number % 2)) for number in range(6)]
    split = split_rows(rows, (0.5, 0.5))
    assert np.bincount(split.parts).tolist() == [3, 3]
    assert (split.cut_components, split.crossing_pairs) == (0, 0)


@pytest.mark.parametrize("shares", [(0.15, 0.85), (0.5, 0.5), (0.1, 0.1, 0.8)])
def test_a_cut_drops_far_fewer_pairs_than_dealing_groups_at_random(shares):
    """The help-desk sample is one component: near misses tie all of its groups together."""
    pairs = read_pairs(HELPDESK)
    split = split_by_component(PairGraph.of(pairs), shares)
    assert split.cut_components == 1
    at_random = (1 - pairs.prevalence) * (1 - sum(share**2 for share in shares))
    assert 0 < split.crossing.mean() < 0.65 * at_random
    for part, share in enumerate(shares):
        here = split.parts == part
        assert 0.6 * share < here.mean() < 1.2 * share
        assert 0 < pairs.labels[here].mean() < 1
        assert not {*split.ends[:, split.outside(part)].ravel().tolist()} & {part}


def test_copies_of_a_question_stay_together_where_a_component_is_cut():
    """Between every two groups there is a pair, and the copies are in no pair with each other."""
    copies = [(f"a{n}?", f"b{n}", True) for n in range(30)]
    copies += [(f"a {n}", f"c{n}", True) for n in range(30)]
    ring = [(f"b{n}", f"c{(n + 7) % 30}", False) for n in range(30)]
    rows = copies + ring
    split = split_rows(rows, (0.3, 0.3, 0.4))
    assert split.cut_components == 1
    assert split.units == 30
    parts = split.parts[:60].reshape(2, 30)
    assert (parts[0] == parts[1]).all()


@given(st.lists(st.floats(-1, 1), max_size=4))
def test_shares_that_are_none_are_refused(shares):
    assume(any(share <= 0 for share in shares) or abs(sum(shares) - 1) > 1e-5)
    with pytest.raises(ValueError, match="positive and 1 in sum"):
        split_rows(many_small_components(3), shares)


def test_parts_share_nothing_even_by_their_letters():
    """What `split` keeps apart, `audit` does not find together."""
    rows = [
        (f"is it {n} ?" if n % 2 else f"is it {n // 2 * 2 + 1}?", f"who {n}?") for n in range(200)
    ]
    pairs = Pairs.of(*zip(*rows, strict=True), [n % 3 == 0 for n in range(200)])
    parts = split_by_component(PairGraph.of(pairs), (0.5, 0.5)).parts
    one, other = (PairGraph.of(pairs.select(parts == part)) for part in (0, 1))
    assert measure_overlap(one, other).shared_questions == 0
