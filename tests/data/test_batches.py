import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Batches
from gemel.text import TOKENS, TokenTable

group_lists = st.lists(st.integers(0, 3), min_size=2, max_size=40).filter(
    lambda groups: len(set(groups)) > 1
)


def batches_of(groups, **options):
    """Pair number n: the ids of its questions begin with n + 2; lengths differ."""
    left = [[row + 2] * (1 + row % 4) for row in range(len(groups))]
    right = [[row + 2] * (1 + row % 3) for row in range(len(groups))]
    return Batches(
        TokenTable.from_rows(left), TokenTable.from_rows(right), np.array(groups), **options
    )


def rows_of(batch):
    return (batch.left[:, 0] - 2).tolist()


@given(group_lists, st.integers(2, 9), st.integers(0, 9))
def test_an_epoch_holds_every_pair_once_with_its_group(groups, batch_size, epoch):
    batches = list(batches_of(groups, batch_size=batch_size).epoch(epoch))
    rows = [row for batch in batches for row in rows_of(batch)]
    assert sorted(rows) == list(range(len(groups)))
    for batch in batches:
        assert (batch.right[:, 0] - 2).tolist() == rows_of(batch)
        assert batch.groups.tolist() == [groups[row] for row in rows_of(batch)]


@given(group_lists, st.integers(2, 9), st.integers(0, 9))
def test_every_batch_holds_a_negative(groups, batch_size, epoch):
    for batch in batches_of(groups, batch_size=batch_size).epoch(epoch):
        assert len(set(batch.groups.tolist())) > 1


@given(st.integers(2, 300), st.integers(2, 30))
def test_sizes_differ_by_one_where_groups_are_many(count, batch_size):
    batches = batches_of(list(range(count)), batch_size=batch_size)
    sizes = [len(batch) for batch in batches.epoch(0)]
    if count > batch_size and count // len(batches) > 1:
        assert len(sizes) == len(batches)
        assert max(sizes) - min(sizes) <= 1
        assert max(sizes) <= batch_size
    assert sum(sizes) == count


def test_epochs_differ_and_a_seed_repeats_them():
    groups = list(range(100))

    def epoch(number, seed):
        batches = batches_of(groups, batch_size=10, seed=seed).epoch(number)
        return [rows_of(batch) for batch in batches]

    assert epoch(0, 7) == epoch(0, 7)
    several = [epoch(0, 7), epoch(1, 7), epoch(0, 8)]
    assert all(a != b for a, b in itertools.combinations(several, 2))


def test_pairs_of_like_length_go_together():
    lengths = np.random.default_rng(0).integers(1, 40, size=1000)
    table = TokenTable.from_rows([[5] * length for length in lengths])
    batches = Batches(table, table, np.arange(1000), batch_size=50)
    padded = [(batch.left == TOKENS.padding).mean() for batch in batches.epoch(0)]
    assert np.mean(padded) < 0.15  # about 0.5 if mixed


def test_one_group_alone_has_no_negative():
    with pytest.raises(ValueError, match="duplicate pairs of at least two groups"):
        batches_of([4, 4, 4], batch_size=2)
