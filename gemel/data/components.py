"""Connected components: what chains of pairs hold together."""

import numpy as np
from jaxtyping import Int, Int32

_EDGES = 1 << 18
"""Edges that are taken in at one time."""


class Components:
    """Nodes and the edges that were met so far, however many: only the nodes take room.

    Args:
        count: number of nodes.

    Source: union-find, Tarjan 1975; many edges at once as Shiloach and Vishkin 1982.
    """

    def __init__(self, count: int):
        self._parent = np.arange(count, dtype=np.int32)

    def join(self, left: Int[np.ndarray, "edges"], right: Int[np.ndarray, "edges"]) -> None:
        """Take in edges by their two ends."""
        for start in range(0, len(left), _EDGES):
            part = slice(start, start + _EDGES)
            one, other = self._roots(left[part]), self._roots(right[part])
            while len(apart := np.flatnonzero(one != other)):
                one, other = one[apart], other[apart]
                high = np.maximum(one, other)
                np.minimum.at(self._parent, high, np.minimum(one, other))
                self._shorten(high)
                one, other = self._parent[one], self._parent[other]

    def smallest(self) -> Int32[np.ndarray, "nodes"]:
        """Give for every node the smallest one of its component."""
        self._shorten(np.arange(len(self._parent)))
        return self._parent.copy()

    def _roots(self, nodes: Int[np.ndarray, "some"]) -> Int32[np.ndarray, "some"]:
        self._shorten(nodes)
        roots: Int32[np.ndarray, "some"] = self._parent[nodes]
        return roots

    def _shorten(self, nodes: Int[np.ndarray, "some"]) -> None:
        """Have nodes point at the end of their way; a parent is never larger than its child."""
        while True:
            parents = self._parent[nodes]
            further = self._parent[parents]
            if np.array_equal(parents, further):
                return
            self._parent[nodes] = further


def connect(
    count: int, left: Int[np.ndarray, "edges"], right: Int[np.ndarray, "edges"]
) -> Int32[np.ndarray, "nodes"]:
    """Find connected components.

    Args:
        count: number of nodes.
        left, right: the two ends of each edge.

    Returns:
        For every node the smallest node of its component.
    """
    components = Components(count)
    components.join(left, right)
    return components.smallest()
