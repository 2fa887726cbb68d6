import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import PairGraph, Pairs
from gemel.evaluation.metrics import Resampler


def graph_of(edges):
    left, right = zip(*edges, strict=True)
    return PairGraph.of(
        Pairs.of([f"q{n}" for n in left], [f"q{n}" for n in right], [0] * len(left))
    )


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=60),
    st.integers(0, 5),
)
def test_pairs_of_a_component_are_drawn_together_unless_it_is_large(edges, seed):
    graph = graph_of(edges)
    component = graph.components[graph.left]
    times = Resampler(graph, seed).draw()
    for number in np.unique(component):
        rows = component == number
        if rows.sum() <= max(0.05 * len(edges), 1):
            assert len(set(times[rows])) == 1
    units = sum(
        1 if (rows := (component == number).sum()) <= max(0.05 * len(edges), 1) else rows
        for number in np.unique(component)
    )
    alone = component[:, None] == component[None, :]
    sizes = alone.sum(axis=1)
    per_unit = np.where(sizes <= max(0.05 * len(edges), 1), times / sizes, times)
    assert per_unit.sum() == units


def test_a_large_component_is_drawn_pair_by_pair():
    times = Resampler(graph_of([(0, n) for n in range(1, 400)]), 0).draw()
    assert times.sum() == 399
    assert len(set(times)) > 2


def test_what_hangs_together_makes_intervals_wider():
    labels = np.repeat(np.random.default_rng(0).random(200) < 0.5, 5)
    together = graph_of([(n // 5, 1000 + n) for n in range(1000)])
    apart = graph_of([(2 * n, 2 * n + 1) for n in range(1000)])
    widths = []
    for graph in (together, apart):
        resampler = Resampler(graph, 1)
        draws = [times @ labels / times.sum() for times in (resampler.draw() for _ in range(500))]
        widths.append(np.std(draws))
    assert 1.8 < widths[0] / widths[1] < 2.7  # the square root of five is 2.24
