"""Groups of rows, made of pairs of them."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float, Int, Int32

from gemel.data import connect

__all__ = ["central_member", "connected_groups", "linked_groups"]


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

    Source: average linkage, UPGMA, Sokal and Michener 1958.
    """
    least = float(np.asarray(least, likeness.dtype))
    alike = likeness >= least
    # Groups join through a pair that is alike enough by itself, so they stay within these chains.
    chains = connect(rows, left[alike], right[alike])
    sizes = np.bincount(chains, minlength=rows)[chains]
    twos = alike & (sizes[left] == 2)
    joins = list(zip(left[twos].tolist(), right[twos].tolist(), strict=True))
    inside = np.flatnonzero((chains[left] == chains[right]) & (sizes[left] > 2))
    inside = inside[np.argsort(chains[left[inside]], kind="stable")]
    of = chains[left[inside]]
    for chain in np.split(inside, np.flatnonzero(np.diff(of)) + 1):
        pairs = zip(
            left[chain].tolist(), right[chain].tolist(), likeness[chain].tolist(), strict=True
        )
        joins += _joins(pairs, least)
    ends = np.array(joins, np.int64).reshape(-1, 2)
    return connect(rows, ends[:, 0], ends[:, 1])


def _joins(pairs: Iterable[tuple[int, int, float]], least: float) -> Iterator[tuple[int, int]]:
    """Yield the two smallest rows of any two groups that join, one join after the other.

    Args:
        pairs: two rows and how alike they are.
        least: the mean likeness that two groups need to join.
    """
    # The summed likeness of each group, called by its smallest row, with those that it touches.
    sums: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for one, other, alike in pairs:
        sums[one][other] = sums[other][one] = alike
    sizes = dict.fromkeys(sums, 1)

    def offer(one: int, other: int) -> None:
        product = sizes[one] * sizes[other]
        mean = sums[one][other] / product
        if mean >= least:
            heapq.heappush(heap, (-mean, min(one, other), max(one, other), product))

    heap: list[tuple[float, int, int, int]] = []
    for one, others in sums.items():
        for other in others:
            if one < other:
                offer(one, other)
    while heap:
        _, one, other, product = heapq.heappop(heap)
        # Either has grown since, or is part of another; groups only grow.
        if one not in sums or other not in sums or sizes[one] * sizes[other] != product:
            continue
        yield one, other
        sizes[one] += sizes[other]
        for third, alike in sums.pop(other).items():
            del sums[third][other]
            if third != one:
                sums[one][third] = sums[third][one] = sums[one].get(third, 0.0) + alike
        for third in sums[one]:
            offer(one, third)


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
