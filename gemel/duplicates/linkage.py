"""Groups of rows from pairs: connected components and average linkage."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int32, Int64

from gemel.data import connect


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
        """Report what is between groups once some are part of others.

        Args:
            into: for every row the group that its group is part of now.
        """
        ends = into[self.one], into[self.other]
        one, other = np.minimum(*ends), np.maximum(*ends)
        grown = np.zeros(len(into), bool)
        grown[into[np.flatnonzero(into != np.arange(len(into)))]] = True
        # What is between two groups of which none has grown is as it was.
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


def connected_groups(
    rows: int, left: Int[np.ndarray, "pairs"], right: Int[np.ndarray, "pairs"]
) -> Int32[np.ndarray, "rows"]:
    """Group what chains of pairs hold together.

    Args:
        rows: how many.
        left, right: the two rows of each pair.

    Returns:
        For every row the smallest row of its group.
    """
    return connect(rows, left, right)


def linked_groups(
    rows: int,
    left: Int[np.ndarray, "pairs"],
    right: Int[np.ndarray, "pairs"],
    likeness: Float[np.ndarray, "pairs"],
    least: float,
) -> Int32[np.ndarray, "rows"]:
    """Group by average linkage: two groups join while all pairs across them are alike on average.

    The two that are most alike join first, of equally alike ones those with the smallest rows.

    Args:
        rows: how many.
        left, right: the two different rows of each pair, each pair once, in any order.
        likeness: of each pair, 0 to 1; a pair that is not listed counts as 0.
        least: the mean likeness that two groups need to join, above 0.

    Returns:
        For every row the smallest row of its group.

    Source: average linkage, UPGMA, Sokal and Michener 1958; by reciprocal neighbours, Murtagh 1983.
    """
    least = float(np.asarray(least, likeness.dtype))
    alike = likeness >= least
    # Groups join through a pair that is alike enough by itself, so they stay within these chains.
    chains = connect(rows, left[alike], right[alike])
    inside = chains[left] == chains[right]
    links = Links.of(left[inside], right[inside], likeness[inside])
    sizes = np.ones(rows, np.int64)
    groups: Int32[np.ndarray, "rows"] = np.arange(rows, dtype=np.int32)
    while len(links.one):
        best = links.best_partners(sizes, least)
        # Nothing that joins comes nearer to a third: without a partner now, without one for ever.
        links = links.among(best >= 0)
        have = np.flatnonzero(best >= 0)
        # Two that are the best for each other join at once: what joins before changes nothing.
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
    """Find the row of each group that is most like all its fellows together.

    Args:
        groups: of each row the smallest row of its group.
        left, right, likeness: pairs and how alike they are; those across groups do not count.

    Returns:
        For every row the central one of its group; of equally central ones the smallest.
    """
    within = groups[left] == groups[right]
    sums = np.zeros(len(groups))
    for ends in (left, right):
        sums += np.bincount(ends[within], likeness[within], minlength=len(groups))
    order = np.lexsort((-sums, groups))
    first = np.searchsorted(groups[order], groups)
    central: Int32[np.ndarray, "rows"] = order[first].astype(np.int32)
    return central
