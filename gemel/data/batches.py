"""Batches of duplicate pairs, of like length, in another order every epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from gemel.text import TokenTable

__all__ = ["Batch", "Batches"]

_POOL = 32
"""Batches whose pairs are sorted by length together: little padding, and still random."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Duplicate pairs, row by row."""

    left: Int64[np.ndarray, "batch time_left"]
    """Token ids of the first questions."""
    right: Int64[np.ndarray, "batch time_right"]
    """Token ids of the second questions."""
    groups: Int64[np.ndarray, "batch"]
    """Duplicate group of each pair."""

    def __len__(self) -> int:
        return len(self.groups)


class Batches:
    """Duplicate pairs, batched anew for every epoch.

    Args:
        left, right: token ids; row i of each make one duplicate pair.
        groups: duplicate group of each pair; at least two different ones.
        batch_size: pairs of a batch; the real sizes differ by a few, so that none is left over.
        seed: starts the shuffling.

    Raises:
        ValueError: all pairs are of one group, so nothing could be a negative.
    """

    def __init__(
        self,
        left: TokenTable,
        right: TokenTable,
        groups: Int64[np.ndarray, "pairs"],
        *,
        batch_size: int,
        seed: int = 0,
    ):
        if len(np.unique(groups)) < 2:
            raise ValueError("training needs duplicate pairs of at least two groups")
        self.left = left
        self.right = right
        self.groups = groups
        self.batch_size = batch_size
        self.seed = seed
        self.lengths = np.maximum(left.lengths, right.lengths)

    def __len__(self) -> int:
        """Give the number of batches of an epoch (rarely one fewer, see `epoch`)."""
        return -(-len(self.groups) // self.batch_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield every pair once; a part without two groups joins the batch before it."""
        random = np.random.default_rng([self.seed, number])
        rows = random.permutation(len(self.groups))
        pools = np.array_split(rows, -(-len(self) // _POOL))
        by_length = np.concatenate([pool[np.argsort(self.lengths[pool])] for pool in pools])
        parts = self._with_negatives(np.array_split(by_length, len(self)))
        for index in random.permutation(len(parts)):
            rows = parts[index]
            yield Batch(self.left.pad(rows), self.right.pad(rows), self.groups[rows])

    def _with_negatives(self, parts: list[Int64[np.ndarray, "_"]]) -> list[Int64[np.ndarray, "_"]]:
        joined: list[Int64[np.ndarray, "_"]] = []
        for part in parts:
            if joined and not self._varied(part):
                joined[-1] = np.concatenate([joined[-1], part])
            else:
                joined.append(part)
        if len(joined) > 1 and not self._varied(joined[0]):
            joined[:2] = [np.concatenate(joined[:2])]
        return joined

    def _varied(self, rows: Int64[np.ndarray, "_"]) -> bool:
        groups = self.groups[rows]
        return bool((groups != groups[0]).any())
