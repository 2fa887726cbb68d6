import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TokenTable, prefix_levels
from gemel.text import row_order as ordering

rows_of_ids = st.lists(st.lists(st.integers(0, 3), max_size=5), max_size=9)


@given(rows_of_ids)
def test_the_levels_of_a_tree_spell_its_rows(rows):
    """Row by row, going up from where it ends; every beginning is there once."""
    levels = list(prefix_levels(TokenTable.from_rows(rows)))
    ends = {
        row: (depth, node)
        for depth, level in enumerate(levels)
        for row, node in zip(level.rows.tolist(), level.nodes.tolist(), strict=True)
    }
    for number, row in enumerate(rows):
        if not row:
            continue
        depth, node = ends.pop(number)
        spelled = []
        for level in reversed(levels[: depth + 1]):
            spelled.append(int(level.tokens[node]))
            node = int(level.parents[node])
        assert spelled[::-1] == row
        assert node == 0
    assert not ends
    beginnings = {tuple(row[:end]) for row in rows for end in range(1, len(row) + 1)}
    assert sum(len(level.tokens) for level in levels) == len(beginnings)
    assert all((np.diff(level.parents) >= 0).all() for level in levels)


@given(rows_of_ids, st.integers(1, 3))
def test_rows_alike_behind_what_they_are_sorted_by_may_be_there_twice(rows, width):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "_SORTED_BY", width)
        levels = list(prefix_levels(TokenTable.from_rows(rows)))
    beginnings = {tuple(row[:end]) for row in rows for end in range(1, len(row) + 1)}
    nodes = sum(len(level.tokens) for level in levels)
    assert len(beginnings) <= nodes <= sum(map(len, rows))
    assert sorted(row for level in levels for row in level.rows) == [
        number for number, row in enumerate(rows) if row
    ]
