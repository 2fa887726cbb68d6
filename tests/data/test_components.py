import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Components, connect

edges = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15)


def slow_connect(count, links):
    """Paint neighbours in the smaller number until nothing changes."""
    smallest = list(range(count))
    changed = True
    while changed:
        changed = False
        for a, b in links:
            low = min(smallest[a], smallest[b])
            changed |= smallest[a] != low or smallest[b] != low
            smallest[a] = smallest[b] = low
    return smallest


@given(edges)
def test_connect_gives_the_smallest_node_of_each_component(links):
    left, right = [a for a, _ in links], [b for _, b in links]
    assert connect(10, np.array(left, int), np.array(right, int)).tolist() == slow_connect(
        10, links
    )


def test_connect_a_long_chain_from_either_end():
    nodes = np.arange(3000)
    for order in (nodes[:-1], nodes[-2::-1]):
        assert not connect(3000, order, order + 1).any()


def test_connect_a_long_chain_in_any_order():
    order = np.random.default_rng(0).permutation(2999)
    assert not connect(3000, order, order + 1).any()


@given(st.lists(edges, max_size=4))
def test_edges_may_come_in_parts(parts):
    components = Components(10)
    met = []
    for part in parts:
        components.join(np.array([a for a, _ in part], int), np.array([b for _, b in part], int))
        met += part
        assert components.smallest().tolist() == slow_connect(10, met)
