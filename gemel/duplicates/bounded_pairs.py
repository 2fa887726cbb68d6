"""Close pairs in bounded memory."""

import threading
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt64

from gemel.data.duplicate_graph import number_pairs

_EACH = 80
"""Average number of pairs a question that fit."""
_AT_LEAST = 1 << 20
"""Minimum number of pairs that fit."""
_TOO_MANY = 1.5
"""Factor by which the limit may be exceeded before pairs are dropped."""


class ClosePairs(NamedTuple):
    """Pairs of rows, each once, ordered by left, then right."""

    left: Int32[np.ndarray, "pairs"]
    """The smaller row."""
    right: Int32[np.ndarray, "pairs"]
    """The larger row."""
    cosine: Float32[np.ndarray, "pairs"]
    """Cosine of the two vectors."""
    left_out: int = 0
    """Number of dropped pairs; see `BoundedPairs`."""

    @classmethod
    def joined(cls, parts: list["ClosePairs"]) -> "ClosePairs":
        """Concatenate parts and empty the list, to save memory."""
        left, right, cosine, left_out = zip(_NO_PAIRS, *parts, strict=True)
        parts.clear()
        return cls(
            np.concatenate(left), np.concatenate(right), np.concatenate(cosine), sum(left_out)
        )

    def take(self, places: Int64[np.ndarray, "some"]) -> "ClosePairs":
        """Select pairs by index."""
        return ClosePairs(
            self.left[places],
            self.right[places],
            self.cosine[places],
            self.left_out + len(self.left) - len(places),
        )

    def sorted(self) -> "ClosePairs":
        """Order by left, then by right."""
        numbers = number_pairs(self.left, self.right, int(self.right.max(initial=0)) + 1)
        return self.take(np.argsort(numbers))

    def nearest(self, most: int) -> "ClosePairs":
        """Select the `most` pairs of each right row with the highest cosine, in stable order."""
        counts = np.bincount(self.right)
        full = np.flatnonzero(counts > most)
        keys = _keys(self.right, self.cosine)
        # What the last pair of each row that stays is sorted by.
        last = np.full(len(counts), np.iinfo(np.uint64).max)
        last[full] = np.sort(keys)[np.cumsum(counts)[full] - counts[full] + most - 1]
        bounds = last[self.right]
        stay = keys < bounds
        equal = np.flatnonzero(keys == bounds)
        equal = equal[np.lexsort((self.left[equal], self.right[equal]))]
        right = self.right[equal]
        rank = np.arange(len(right)) - np.searchsorted(right, right)
        stays = np.bincount(self.right[stay], minlength=len(counts))
        stay[equal[rank < most - stays[right]]] = True
        return self.take(np.flatnonzero(stay))


def _keys(
    right: Int32[np.ndarray, "pairs"], cosine: Float32[np.ndarray, "pairs"]
) -> UInt64[np.ndarray, "pairs"]:
    """Return sort keys: right row, then descending cosine."""
    bits = (cosine + np.float32(0)).view(np.int32)  # of -0 and 0 the same
    falling = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (right.astype(np.int64) << 32).astype(np.uint64) + (0x7FFFFFFF - falling).astype(
        np.uint64
    )


_NO_PAIRS = ClosePairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))


class BoundedPairs:
    """Collects close pairs in any order; thread-safe.

    80 pairs a question fit on average, and at least 1,048,576. Beyond, each question keeps its most
    similar predecessors, the same number for each, at least 80. The result depends on the pairs
    alone.

    Args:
        rows: number of questions.
    """

    def __init__(self, rows: int):
        self._room = max(_AT_LEAST, _EACH * rows)
        self.most: int | None = None
        """Maximum pairs of a right row; None while all fit."""
        self._parts: list[ClosePairs] = []
        self._lock = threading.Lock()

    def add(self, parts: list[ClosePairs]) -> None:
        """Add new pairs and empty the list."""
        with self._lock:
            self._parts += parts
            parts.clear()
            if sum(len(part.left) for part in self._parts) > _TOO_MANY * self._room:
                self._parts = [self._fitting()]

    def all(self) -> ClosePairs:
        """Return all pairs, sorted."""
        with self._lock:
            self._parts = [self._fitting().sorted()]
            return self._parts[0]

    def _fitting(self) -> ClosePairs:
        """Drop as few pairs as necessary."""
        pairs = ClosePairs.joined(self._parts)
        if self.most is not None:  # what was left out before would not come back
            pairs = pairs.nearest(self.most)
        if len(pairs.left) <= self._room:
            return pairs
        counts = np.sort(np.bincount(pairs.right))
        # Pairs that stay if each question keeps as many as the one at this place has.
        stay = np.cumsum(counts) + counts * np.arange(len(counts) - 1, -1, -1)
        place = int(np.searchsorted(stay, self._room, side="right"))
        below = int(counts[:place].sum())
        self.most = (self._room - below) // (len(counts) - place)
        return pairs.nearest(self.most)
