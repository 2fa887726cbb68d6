import itertools

import numpy as np
import pytest
from draws import names_of, nested
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import PairGraph, Pairs


def chains(count):
    """Pairs, three of which hang together."""
    return Pairs.of(
        [f"a {n // 3}" for n in range(count)], [f"b {n}" for n in range(count)], [True] * count
    )


@given(st.integers(1, 200), st.lists(st.integers(1, 300), max_size=4), st.integers(0, 9))
def test_drawn_by_row_each_size_is_met_and_holds_the_smaller_ones(total, sizes, seed):
    chosen = nested(chains(total), sizes, seed, by_row=True)
    expected = [*sorted({size for size in sizes if size < total}), total]
    assert [int(each.sum()) for each in chosen] == expected
    assert all((small <= large).all() for small, large in itertools.pairwise(chosen))
    assert names_of(sizes, total) == [*map(str, expected[:-1]), "all"]


@given(st.integers(0, 9))
def test_drawn_by_component_nothing_is_torn(seed):
    pairs = chains(300)
    component = PairGraph.of(pairs).components[PairGraph.of(pairs).left]
    chosen = nested(pairs, [30, 90], seed)
    assert [int(each.sum()) for each in chosen] == pytest.approx([30, 90, 300], abs=3)
    for each in chosen:
        assert not set(component[each]) & set(component[~each])
    assert (chosen[0] <= chosen[1]).all()


def test_another_seed_draws_others():
    pairs = chains(300)
    draws = [nested(pairs, [90], seed, by_row=by_row)[0] for seed in (0, 1) for by_row in (0, 1)]
    assert len({draw.tobytes() for draw in draws}) == 4
    assert np.array_equal(nested(pairs, [90], 0)[0], draws[0])
