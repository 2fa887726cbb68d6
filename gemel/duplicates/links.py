"""What lies between groups that grow: the summed likeness of all pairs across any two."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int32, Int64


@dataclass(frozen=True, eq=False)
class Links:
    """Groups that touch each other, called by their smallest rows; each two once."""

    one: Int32[np.ndarray, "links"]
    other: Int32[np.ndarray, "links"]
    """Larger than `one`."""
    likeness: Float64[np.ndarray, "links"]
    """Summed over all pairs across the two; of so few digits each, without rounding."""

    @classmethod
    def of(
        cls,
        left: Int[np.ndarray, "pairs"],
        right: Int[np.ndarray, "pairs"],
        likeness: Float[np.ndarray, "pairs"],
    ) -> "Links":
        """Begin with pairs of different rows, each a group by itself."""
        return cls(
            np.minimum(left, right).astype(np.int32),
            np.maximum(left, right).astype(np.int32),
            likeness.astype(np.float64),
        )

    def best_partners(
        self, sizes: Int64[np.ndarray, "rows"], least: float
    ) -> Int32[np.ndarray, "rows"]:
        """Find what each group is most alike to in the mean, of equally alike ones the smallest.

        Args:
            sizes: rows of each group.
            least: the mean likeness that counts.

        Returns:
            For every row the partner; -1: it has none, or is part of another.
        """
        mean = self.likeness / (sizes[self.one] * sizes[self.other])
        good = np.flatnonzero(mean >= least)
        mean, one, other = mean[good], self.one[good], self.other[good]
        highest = np.zeros(len(sizes))
        for ends in (one, other):
            np.maximum.at(highest, ends, mean)
        none = np.iinfo(np.int32).max
        best = np.full(len(sizes), none, np.int32)
        for ends, others in ((one, other), (other, one)):
            at = np.flatnonzero(mean == highest[ends])
            np.minimum.at(best, ends[at], others[at])
        best[best == none] = -1
        return best

    def among(self, groups: Bool[np.ndarray, "rows"]) -> "Links":
        """Keep those between some groups."""
        kept = groups[self.one] & groups[self.other]
        return Links(self.one[kept], self.other[kept], self.likeness[kept])

    def renamed(self, into: Int32[np.ndarray, "rows"]) -> "Links":
        """Say what lies between groups once some are part of others.

        Args:
            into: for every row the group that its group is part of now.
        """
        ends = into[self.one], into[self.other]
        one, other = np.minimum(*ends), np.maximum(*ends)
        grown = np.zeros(len(into), bool)
        grown[into[np.flatnonzero(into != np.arange(len(into)))]] = True
        # What lies between two groups of which none has grown is as it was.
        touched = (grown[one] | grown[other]) & (one != other)
        kept = ~(grown[one] | grown[other])
        numbers = (one[touched].astype(np.int64) << 32) + other[touched]
        order = np.argsort(numbers)
        numbers, starts = np.unique(numbers[order], return_index=True)
        likeness = self.likeness[touched][order]
        sums = np.add.reduceat(likeness, starts) if len(starts) else likeness
        return Links(
            np.concatenate([one[kept], (numbers >> 32).astype(np.int32)]),
            np.concatenate([other[kept], (numbers & 0xFFFFFFFF).astype(np.int32)]),
            np.concatenate([self.likeness[kept], sums]),
        )
