"""Choosing the nearest of many cosines, so that nothing but the vectors decides."""

import numpy as np
from jaxtyping import Float16, Float32, Int64

from gemel.neighbours.base import Found

_ROUNDING = 1e-5
"""More than two products of the same vectors can differ by, added in whatever order."""
_AT_ONCE = 8192
"""Candidates whose cosines are computed together."""


class Candidates:
    """What may be among the `k` nearest of each query, stored as cosines come by.

    Products of matrices round in an order that hangs on their shapes. So what is within rounding
    of the last of the `k` is stored too, until `exact_cosines` decides.

    Args:
        queries: how many.
        k: how many nearest of each.
    """

    def __init__(self, queries: int, k: int):
        self.k = k
        self.rows: Int64[np.ndarray, "found"] = np.zeros(0, np.int64)
        self.slots: Int64[np.ndarray, "found"] = np.zeros(0, np.int64)
        self._cosines: Float32[np.ndarray, "found"] = np.zeros(0, np.float32)
        self._least = np.full(queries, -np.inf, np.float32)
        self._pruned = 0

    def look(
        self, cosines: Float32[np.ndarray, "queries some"], slots: Int64[np.ndarray, "some"]
    ) -> None:
        """Take what may count of the cosines of the queries with some questions."""
        least = self._least
        some = len(slots)
        if self.k < some and np.isneginf(least).any():
            last = np.partition(cosines, some - self.k, axis=1)[:, some - self.k]
            least = np.maximum(least, last - _ROUNDING)
        hits = np.flatnonzero(cosines >= least[:, None])
        if not len(hits):
            return
        rows, columns = np.divmod(hits, some)
        self.rows = np.append(self.rows, rows)
        self.slots = np.append(self.slots, slots[columns])
        self._cosines = np.append(self._cosines, cosines.ravel()[hits])
        if len(self.rows) > 2 * self._pruned:
            self._prune()

    def _prune(self) -> None:
        order = np.lexsort((-self._cosines, self.rows))
        rows, cosines = self.rows[order], self._cosines[order]
        last = np.searchsorted(rows, np.arange(len(self._least))) + self.k - 1
        full = np.flatnonzero(last < np.searchsorted(rows, np.arange(1, len(self._least) + 1)))
        self._least[full] = cosines[last[full]] - _ROUNDING
        keep = cosines >= self._least[rows]
        self.rows, self._cosines = rows[keep], cosines[keep]
        self.slots = self.slots[order][keep]
        self._pruned = len(self.rows)


def exact_cosines(
    queries: Float32[np.ndarray, "queries dim"],
    rows: Int64[np.ndarray, "found"],
    vectors: Float16[np.ndarray, "found dim"],
) -> Float32[np.ndarray, "found"]:
    """Return the cosine of what was found with its query, the same whatever is next to it.

    Args:
        queries: vectors of length 1.
        rows: the query of each.
        vectors: of what was found.
    """
    cosines = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        cosines[part] = np.einsum(
            "fd,fd->f", queries[rows[part]].astype(np.float64), vectors[part].astype(np.float64)
        )
    return cosines


def rank(
    queries: int,
    k: int,
    rows: Int64[np.ndarray, "found"],
    keys: Int64[np.ndarray, "found"],
    cosines: Float32[np.ndarray, "found"],
) -> Found:
    """Put what was found in order, and keep the `k` nearest of each query.

    Args:
        queries: how many.
        k: how many nearest of each.
        rows: the query of each.
        keys, cosines: what was found.
    """
    order = np.lexsort((keys, -cosines, rows))
    rows = rows[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = places < k
    order, at = order[kept], (rows[kept], places[kept])
    found = Found(np.full((queries, k), -1), np.full((queries, k), -np.inf, np.float32))
    found.keys[at] = keys[order]
    found.cosines[at] = cosines[order]
    return found
