import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TOKENS, TokenTable, next_power_of_two

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
