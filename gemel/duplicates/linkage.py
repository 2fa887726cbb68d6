"""Groups of rows from pairs by average linkage."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int32, Int64

from gemel.data import connect


@dataclass(frozen=True, eq=False)
class Links:
    """Links between groups, named by their smallest rows; each pair once."""

    one: Int32[np.ndarray, "links"]
    other: Int32[np.ndarray, "links"]
    """Larger than `one`."""
    likeness: Float64[np.ndarray, "links"]
    """Sum over all pairs across the two; exact, as the terms have few digits."""

    @classmethod
    def of(
        cls,
        left: Int[np.ndarray, "pairs"],
        right: Int[np.ndarray, "pairs"],
        likeness: Float[np.ndarray, "pairs"],
    ) -> "Links":
        """Start with pairs of different rows, each a group."""
        return cls(
            np.minimum(left, right).astype(np.int32),
            np.maximum(left, right).astype(np.int32),
            likeness.astype(np.float64),
        )

    def best_partners(
        self, sizes: Int64[np.ndarray, "rows"], least: float
    ) -> Int32[np.ndarray, "rows"]:
        """Return the partner of each group with the highest mean likeness; ties by the smallest.

        -1: none of at least `least`, or not the first row of a group.
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
        """Select links between some groups."""
        inside = groups[self.one] & groups[self.other]
        return Links(self.one[inside], self.other[inside], self.likeness[inside])

    def renamed(self, into: Int32[np.ndarray, "rows"]) -> "Links":
        """Return the links after merging groups; `into` has the new group of each row."""
        ends = into[self.one], into[self.other]
        one, other = np.minimum(*ends), np.maximum(*ends)
        grown = np.zeros(len(into), bool)
        grown[into[np.flatnonzero(into != np.arange(len(into)))]] = True
        # Links between groups that have not grown are unchanged.
        changed = grown[one] | grown[other]
        touched = changed & (one != other)
        numbers = (one[touched].astype(np.int64) << 32) + other[touched]
        order = np.argsort(numbers)
        numbers, starts = np.unique(numbers[order], return_index=True)
        likeness = self.likeness[touched][order]
        sums = np.add.reduceat(likeness, starts) if len(starts) else likeness
        return Links(
            np.concatenate([one[~changed], (numbers >> 32).astype(np.int32)]),
            np.concatenate([other[~changed], (numbers & 0xFFFFFFFF).astype(np.int32)]),
            np.concatenate([self.likeness[~changed], sums]),
        )


def linked_groups(
    rows: int,
    left: Int[np.ndarray, "pairs"],
    right: Int[np.ndarray, "pairs"],
    likeness: Float[np.ndarray, "pairs"],
    least: float,
) -> Int32[np.ndarray, "rows"]:
    """Group rows by average linkage; the most similar groups join first, ties by smallest rows.

    Args:
        rows: number of rows.
        left, right: rows of each pair, each pair once.
        likeness: of each pair, 0 to 1; missing pairs count as 0.
        least: minimum mean likeness, above 0.
    """
    least = float(np.asarray(least, likeness.dtype))
    alike = likeness >= least
    # Groups join through a pair with enough likeness itself, so they stay within these chains.
    chains = connect(rows, left[alike], right[alike])
    inside = chains[left] == chains[right]
    links = Links.of(left[inside], right[inside], likeness[inside])
    sizes = np.ones(rows, np.int64)
    groups: Int32[np.ndarray, "rows"] = np.arange(rows, dtype=np.int32)
    while len(links.one):
        best = links.best_partners(sizes, least)
        # Joining never raises the likeness to a third: without a partner now, without one later.
        links = links.among(best >= 0)
        have = np.flatnonzero(best >= 0)
        # Two that are best for each other join at once; what joins before does not change that.
        gone = have[(best[best[have]] == have) & (best[have] < have)]
        into = np.arange(rows, dtype=np.int32)
        into[gone] = best[gone]
        sizes[into[gone]] += sizes[gone]
        groups = into[groups]
        links = links.renamed(into)
    return groups


def central_member(
    groups: Int[np.ndarray, "rows"],
    left: Int[np.ndarray, "pairs"],
    right: Int[np.ndarray, "pairs"],
    likeness: Float[np.ndarray, "pairs"],
) -> Int32[np.ndarray, "rows"]:
    """Return the member of each row's group with the highest total likeness, or the smallest.

    `groups` has the smallest row of each row's group; pairs across groups do not count.
    """
    within = groups[left] == groups[right]
    sums = np.zeros(len(groups))
    for ends in (left, right):
        sums += np.bincount(ends[within], likeness[within], minlength=len(groups))
    order = np.lexsort((-sums, groups))
    first = np.searchsorted(groups[order], groups)
    central: Int32[np.ndarray, "rows"] = order[first].astype(np.int32)
    return central
