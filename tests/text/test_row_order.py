import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TokenTable, distinct_rows, rows_alike
from gemel.text import row_order as ordering

rows_of_ids = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=20), max_size=12)


def row_of(table, row):
    return tuple(table.ids[table.starts[row] : table.starts[row + 1]].tolist())


@given(rows_of_ids)
def test_rows_are_sorted_by_their_first_tokens(rows):
    order = rows_alike(TokenTable.from_rows(rows)).tolist()
    assert sorted(order) == list(range(len(rows)))
    firsts = [rows[row][:16] for row in order]
    assert firsts == sorted(firsts)


@given(rows_of_ids, st.randoms(use_true_random=False))
def test_every_row_is_there_once_and_found_again(rows, random):
    table = TokenTable.from_rows(rows)
    distinct, places = distinct_rows(table)
    found = [row_of(table, row) for row in distinct.tolist()]
    assert sorted(found) == sorted({tuple(row) for row in rows})
    assert [found[place] for place in places.tolist()] == list(map(tuple, rows))
    assert distinct.tolist() == sorted(set(distinct.tolist()), key=distinct.tolist().index)
    random.shuffle(rows)
    shuffled = TokenTable.from_rows(rows)
    again = [row_of(shuffled, row) for row in distinct_rows(shuffled)[0].tolist()]
    assert again == found


@given(rows_of_ids)
def test_rows_whose_hashes_are_equal_by_chance_are_not_taken_for_one(rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "_hashes", lambda table: np.zeros(len(table), np.uint64))
        table = TokenTable.from_rows(rows)
        distinct, places = distinct_rows(table)
    found = [row_of(table, row) for row in distinct.tolist()]
    assert [found[place] for place in places.tolist()] == list(map(tuple, rows))
