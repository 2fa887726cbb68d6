import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.decision import EVIDENCE_BINS, Evidence

rows = st.lists(st.tuples(st.floats(-1, 1, width=32), st.booleans()), max_size=30)
ZEROS = (0,) * EVIDENCE_BINS


def evidence_of(pairs):
    similarity = np.array([value for value, _ in pairs], np.float32)
    return Evidence.of(similarity, np.array([label for _, label in pairs], bool))


@given(rows)
@example([(0.28, True), (-1.0, False), (1.0, True), (0.0, False), (-0.02, True)])
def test_every_pair_is_counted_where_it_is(pairs):
    evidence = evidence_of(pairs)
    edges = evidence.edges
    same, different = [0] * EVIDENCE_BINS, [0] * EVIDENCE_BINS
    for value, label in pairs:
        (place,) = (
            number
            for number in range(EVIDENCE_BINS)
            if edges[number] <= value < edges[number + 1]
            or (number == EVIDENCE_BINS - 1 and value == edges[-1])
        )
        (same if label else different)[place] += 1
    assert (list(evidence.same), list(evidence.different)) == (same, different)
    assert evidence.pairs == len(pairs)


def test_edges_are_the_nearest_numbers_to_hundredths():
    edges = evidence_of([]).edges
    assert len(edges) == EVIDENCE_BINS + 1
    assert list(edges) == [number / 50 for number in range(-50, 51)]


@given(rows.filter(len), st.integers(0, EVIDENCE_BINS))
def test_precision_and_recall_at_an_edge_can_be_read_off(pairs, place):
    evidence = evidence_of(pairs)
    called = [label for value, label in pairs if value >= evidence.edges[place] or place == 0]
    found = sum(evidence.same[place:]), sum(evidence.different[place:])
    if place == EVIDENCE_BINS:  # the last bin is closed, so none of it lies beyond its edge
        assert found == (0, 0)
    else:
        assert found == (sum(called), len(called) - sum(called))


def test_what_rounding_has_put_outside_counts_in_the_outermost_bin():
    evidence = evidence_of([(1.0000001, True), (-1.0000001, False)])
    assert (evidence.same[-1], evidence.different[0]) == (1, 1)


def test_what_is_no_number_is_not_counted():
    with pytest.raises(ValueError, match="not a number"):
        evidence_of([(math.nan, True)])


@pytest.mark.parametrize("counts", [(), (1,) * 99, (1,) * 101, (-1, *ZEROS[1:])])
def test_what_is_no_count_of_every_bin_is_refused(counts):
    for same, different in ((counts, ZEROS), (ZEROS, counts)):
        with pytest.raises(ValueError, match=r"must be 100 counts of 0 and more, not \d+ numbers"):
            Evidence(same, different)
