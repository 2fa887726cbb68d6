import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TOKENS, TokenTable, next_power_of_two, spell

row_lists = st.lists(st.lists(st.integers(2, 99), max_size=5), min_size=1, max_size=6)


def slow_pad(rows, chosen, width, padding):
    if width is None:
        width = max([len(rows[index]) for index in chosen], default=0)
    return [rows[index] + [padding] * (width - len(rows[index])) for index in chosen]


@given(row_lists, st.data(), st.integers(0, 3), st.sampled_from([TOKENS.padding, 0, 7]))
def test_pad_fills_up_on_the_right(rows, data, extra, padding):
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8))
    width = data.draw(st.none() | st.just(max(map(len, rows)) + extra))
    padded = TokenTable.from_rows(rows).pad(np.array(chosen, int), width, padding)
    assert padded.tolist() == slow_pad(rows, chosen, width, padding)


def test_padding_is_the_padding_token_unless_told():
    table = TokenTable.from_rows([[5, 6], [7]])
    assert table.pad(np.arange(2)).tolist() == [[5, 6], [7, TOKENS.padding]]


def test_pad_cuts_nothing():
    table = TokenTable.from_rows([[5, 6, 7], [8]])
    with pytest.raises(ValueError, match="a row of 3 tokens does not fit into a width of 2"):
        table.pad(np.arange(2), 2)


@given(row_lists)
def test_length_of_table_and_rows(rows):
    table = TokenTable.from_rows(rows)
    assert len(table) == len(rows)
    assert table.lengths.tolist() == [len(row) for row in rows]


def test_an_empty_table():
    table = TokenTable.from_rows([])
    assert len(table) == 0
    assert table.lengths.tolist() == []


@given(st.integers(1, 5000))
def test_next_power_of_two_is_the_smallest(length):
    power = next_power_of_two(length)
    assert power.bit_count() == 1
    assert power / 2 < length <= power


@given(row_lists, st.data())
def test_gather_and_joined_copy_rows(rows, data):
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8))
    table = TokenTable.from_rows(rows)
    expected = TokenTable.from_rows(rows[index] for index in chosen)
    gathered = table.gather(np.array(chosen, int))
    both = gathered.joined(table)
    assert gathered.ids.tolist() == expected.ids.tolist()
    assert gathered.starts.tolist() == expected.starts.tolist()
    assert both.ids.tolist() == expected.ids.tolist() + table.ids.tolist()
    assert both.lengths.tolist() == [*expected.lengths, *table.lengths]


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=4),
    st.sampled_from([0, 5]),
    st.randoms(use_true_random=False),
)
def test_spelled_words_are_numbered_behind_the_known_ones(rows, first, random):
    """Ids 0 to 9; row k of the spellings, for id k + first, is k + 1 times the number k."""
    known = 7
    spellings = TokenTable.from_rows([[k] * (k + 1) for k in range(10 - first)])
    before = TokenTable.from_rows(rows).pad(np.arange(len(rows)), padding=0)
    chosen = [index >= first and random.random() < 0.5 for index in before.flat]
    spelled = np.array(chosen, bool).reshape(before.shape)
    ids, ngrams, starts = spell(before.copy(), spelled, known, spellings, first)
    words = [ngrams[a:b].tolist() for a, b in itertools.pairwise(starts)]
    assert starts[-1] == len(ngrams)
    assert len(words) == len({int(index) for index in before[spelled]})
    for old, new, is_spelled in zip(before.flat, ids.flat, spelled.flat, strict=True):
        if is_spelled:
            assert words[new - known] == [old - first] * (old - first + 1)
        else:
            assert new == old


def test_inputs_are_ids_alone_unless_words_are_spelled():
    plain = TokenTable.from_rows([[5, 6], [7]])
    (ids,) = plain.inputs(np.arange(2))
    assert ids.tolist() == plain.pad(np.arange(2)).tolist()
    rows = TokenTable.from_rows([[5, 8], [9, 8, 2]])
    spelled = TokenTable(rows.ids, rows.starts, 8, TokenTable.from_rows([[3, 4], [5]]))
    ids, ngrams, starts = spelled.inputs(np.array([1]))
    assert ids.tolist() == [[9, 8, 2]]
    assert (ngrams.tolist(), starts.tolist()) == ([3, 4, 5], [0, 2, 3])
    ids, ngrams, starts = spelled.inputs(np.array([0]))
    assert (ids.tolist(), ngrams.tolist(), starts.tolist()) == ([[5, 8]], [3, 4], [0, 2])
