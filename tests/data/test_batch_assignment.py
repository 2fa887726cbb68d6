from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from gemel.data.batches import BatchRow, deal

ends = st.tuples(st.integers(0, 15), st.integers(0, 15))


def dealt(groups, size, window=2):
    rows = [BatchRow(number, *pair, 5) for number, pair in enumerate(groups)]
    return [batch for batches in deal(rows, len(rows), size, window) for batch in batches]


def repeats(batch, groups):
    """Count groups that more than one row of the batch has."""
    seen = Counter(group for row in batch for group in set(groups[row]))
    return sum(count > 1 for count in seen.values())


@given(st.lists(ends, max_size=60), st.integers(1, 9), st.integers(1, 4))
@example([(0, 0), (0, 1), (0, 1), (0, 0), (0, 0), (0, 0), (1, 1)], 2, 2)  # waits past a window
def test_every_row_is_dealt_once(groups, size, window):
    batches = dealt(groups, size, window)
    assert sorted(row for batch in batches for row in batch) == list(range(len(groups)))
    assert all(batches)


@given(st.lists(st.integers(0, 5), min_size=24, max_size=48), st.integers(2, 6))
def test_no_group_is_in_a_batch_twice_where_every_group_is_rare(extra, size):
    """Groups of their own, and six that return now and then: never more rows than batches."""
    groups = []
    for number, group in enumerate(extra):
        groups += [(100 + number, 100 + number)] * 1 + [(group, group)] * (number % 12 == 0)
    batches = dealt(groups, size, window=50)
    most = max(Counter(group for group, _ in groups).values())
    if most <= len(groups) // size:
        assert not any(repeats(batch, groups) for batch in batches)


def test_a_row_that_has_to_wait_comes_soon():
    groups = [(1, 1), (1, 2), (3, 3), (4, 4), (5, 5), (2, 6), (7, 7), (8, 8)]
    assert dealt(groups, 3) == [[0, 2], [1, 3, 4], [5, 6, 7]]


@given(st.lists(ends, min_size=1, max_size=60), st.integers(1, 9))
def test_a_batch_has_two_groups_where_the_rows_have(groups, size):
    if len({group for pair in groups for group in pair}) > 1:
        for batch in dealt(groups, size, window=100):
            assert len({group for row in batch for group in groups[row]}) > 1


def test_one_group_in_most_rows_shares_batches_and_all_have_negatives():
    groups = [(0, 0) if number % 10 else (number, number) for number in range(1000)]
    batches = dealt(groups, 20, window=4)
    assert sum(map(len, batches)) == 1000
    assert max(map(len, batches)) <= 20 * 6
    assert all(len({group for row in batch for group in groups[row]}) > 1 for batch in batches)


@given(st.integers(1, 200), st.integers(1, 20))
def test_sizes_differ_by_one_where_nothing_waits(count, size):
    sizes = [len(batch) for batch in dealt([(n, n + 1000) for n in range(count)], size)]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == -(-count // size)


def test_a_long_row_does_not_wait_for_short_ones():
    """Sorted by length twice: what waits at the end of the first run fits into the second's."""
    lengths = [1, 3, 9, 9, 1, 1, 2, 2, 3, 3, 9, 9]
    groups = [1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    rows = [
        BatchRow(n, g, g, length) for n, (g, length) in enumerate(zip(groups, lengths, strict=True))
    ]
    batches = [batch for batches in deal(rows, 12, 2, 9) for batch in batches]
    assert batches == [[0, 1], [2, 4], [5, 6], [7, 8], [9, 10], [3, 11]]
