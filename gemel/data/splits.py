"""Splits that keep a question on one side."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from gemel.data.graph import PairGraph

__all__ = ["Split", "hold_out", "split_by_component"]

_LARGEST = 0.05
"""Share of the rows above which a component is cut into its duplicate groups."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which part each pair is in, and what that cost."""

    parts: Int[np.ndarray, "pairs"]
    """Number of the part, in the order of the shares."""
    units: int
    """How many were dealt: components and, of those cut, duplicate groups."""
    cut_components: int
    """Components too large to keep whole, cut between their duplicate groups."""
    crossing: Bool[np.ndarray, "pairs"]
    """True for pairs between two duplicate groups in different parts."""

    @property
    def crossing_pairs(self) -> int:
        """How many pairs have a question in another part because a component was cut."""
        return int(self.crossing.sum())


def split_by_component(graph: PairGraph, shares: Sequence[float], seed: int = 0) -> Split:
    """Deal the pairs into parts so that no question is in two of them.

    The unit is a connected component of the whole graph, which keeps the share of duplicates in
    all parts alike. A component above 5 % of the pairs is cut: then its duplicate groups are the
    units, and the pairs between two groups in different parts go to either by turns of a hash,
    which keeps that share too; such pairs are counted. Units come in an order that depends on the
    texts and the seed, not on the order of the rows, and fill one part after the other. Those
    more than twice as large as the smallest part come first, each to the part furthest below its
    share.

    Args:
        graph: the questions and how pairs connect them.
        shares: of the pairs, for each part; positive, 1 in sum.
        seed: another seed, another split.

    Raises:
        ValueError: a share is not positive, or they are not 1 in sum.
    """
    if not all(share > 0 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(f"shares must be positive and 1 in sum, not {list(shares)}")
    pairs_of = np.bincount(graph.components[graph.left], minlength=len(graph.questions))
    too_large = pairs_of > max(_LARGEST * len(graph.left), 1)
    units = np.where(too_large[graph.components], graph.groups, graph.components)
    left, right = units[graph.left], units[graph.right]

    # A pair inside a unit has both ends there; one between two units belongs half to each.
    size = (np.bincount(left, minlength=len(units)) + np.bincount(right, minlength=len(units))) / 2
    order = _shuffled(units, graph.questions, seed)
    part_of = _deal(order, size, np.array(shares) * len(left))
    ends = np.sort(np.stack([part_of[left], part_of[right]]), axis=0)
    parts, crossing = ends[1], ends[0] != ends[1]
    for row in np.flatnonzero(crossing).tolist():
        texts = sorted((graph.questions[graph.left[row]], graph.questions[graph.right[row]]))
        if _hash("\0".join(texts), seed)[0] % 2:
            parts[row] = ends[0, row]
    return Split(parts, len(order), int(too_large.sum()), crossing)


def hold_out(graph: PairGraph, fraction: float, seed: int = 0) -> Split:
    """Split in two: part 0 is held out and has about this fraction of the pairs, part 1 the rest.

    Raises:
        ValueError: the fraction is not between 0 and 1.
    """
    return split_by_component(graph, (fraction, 1 - fraction), seed)


def _deal(
    order: list[int], size: Float[np.ndarray, "questions"], wanted: Float[np.ndarray, "parts"]
) -> Int[np.ndarray, "questions"]:
    """Give every unit its part: huge ones where most is missing, the others part by part."""
    part_of = np.zeros(len(size), np.int32)
    missing = wanted.copy()
    limit = 2 * wanted.min()
    huge = [unit for unit in order if size[unit] > limit]
    for unit in sorted(huge, key=lambda unit: float(-size[unit])):
        emptiest = missing.argmax()
        part_of[unit] = emptiest
        missing[emptiest] -= size[unit]
    room = np.maximum(missing, 0)
    if huge:  # in the parts they went to, there may be less than none
        room *= missing.sum() / max(room.sum(), 1)
    # Bounds add up, so that what one part has too much is not missing in the last one alone.
    bounds = room.cumsum()
    part, placed = 0, 0.0
    for unit in order:
        if size[unit] <= limit:
            while part < len(bounds) - 1 and placed >= bounds[part]:
                part += 1
            part_of[unit] = part
            placed += size[unit]
    return part_of


def _shuffled(units: Int[np.ndarray, "questions"], questions: list[str], seed: int) -> list[int]:
    """Order units by a hash of their alphabetically first question."""
    first: dict[int, str] = {}
    for unit, question in zip(units.tolist(), questions, strict=True):
        if unit not in first or question < first[unit]:
            first[unit] = question
    return sorted(first, key=lambda unit: _hash(first[unit], seed))


def _hash(text: str, seed: int) -> bytes:
    key = seed.to_bytes(8, "little")
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=16).digest()
