"""Groups of rows, made of pairs of them."""

import numpy as np
from jaxtyping import Float, Int, Int32

from gemel.data import connect
from gemel.duplicates.links import Links


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
