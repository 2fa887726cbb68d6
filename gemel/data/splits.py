"""Splits that keep a question on one side."""

import hashlib
import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from gemel.data.duplicate_graph import PairGraph, connect, first_copies

NOWHERE = -1
"""In place of the number of a part: a pair or row is in none."""
_LARGEST = 0.05
"""Share of the rows above which a component is cut into its duplicate groups."""


@dataclass(frozen=True, eq=False)
class Split:
    """The part of each pair."""

    ends: Int[np.ndarray, "2 pairs"]
    """Numbers of the parts of its two questions, in the order of the shares; the lower one
    first."""
    units: int
    """Number of components and, of those cut, duplicate groups."""
    cut_components: int
    """Components too large to be whole, cut between their duplicate groups."""

    @property
    def parts(self) -> Int[np.ndarray, "pairs"]:
        """Number of the part, in the order of the shares; `NOWHERE` for crossing pairs."""
        return np.where(self.crossing, NOWHERE, self.ends[0])

    @property
    def crossing(self) -> Bool[np.ndarray, "pairs"]:
        """Pairs whose two questions are in different parts."""
        found: Bool[np.ndarray, "pairs"] = self.ends[0] != self.ends[1]
        return found

    @property
    def crossing_pairs(self) -> int:
        """Number of these pairs, which are in no part."""
        return int(self.crossing.sum())

    def outside(self, part: int) -> Bool[np.ndarray, "pairs"]:
        """Return which pairs have no question in a part: those to train on for a test on it."""
        found: Bool[np.ndarray, "pairs"] = (self.ends != part).all(axis=0)
        return found


def split_by_component(graph: PairGraph, shares: Sequence[float], seed: int = 0) -> Split:
    """Deal the pairs into parts so that no question, nor a copy of it, is in two of them.

    The unit is a connected component of the whole graph, which leaves the share of duplicates in
    all parts alike. A component above 5 % of the pairs is cut: then its duplicate groups are the
    units, and pairs between two groups in different parts are in no part. Units come in an order
    that depends on the texts and the seed, not on the order of the rows, and fill one part after
    the other; the groups of a cut component follow each other so that few pairs cross. Units more
    than twice as large as the smallest part come first, each to the part furthest below its share.

    Args:
        graph: questions, connected by pairs.
        shares: share of each part; positive, 1 in sum, or `ValueError`.
        seed: another seed, another split.

    Source: Karypis and Kumar (1998), "A fast and high quality multilevel scheme for partitioning
        irregular graphs": greedy graph growing, for the order of the groups.
    """
    if not all(share > 0 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(f"shares must be positive and 1 in sum, not {list(shares)}")
    pairs_of = np.bincount(graph.components[graph.left], minlength=len(graph.questions))
    too_large = pairs_of > max(_LARGEST * len(graph.left), 1)
    is_cut = too_large[graph.components]
    units = np.where(is_cut, _groups_of_copies(graph), graph.components)
    left, right = units[graph.left], units[graph.right]
    # A pair inside a unit has both ends there; one between two units belongs half to each.
    size = (np.bincount(left, minlength=len(units)) + np.bincount(right, minlength=len(units))) / 2
    order = _shuffled(graph.components, graph.questions, seed)
    if too_large.any():
        order = _grown(order, too_large, units, graph, seed)
    part_of = _deal(order, size, np.array(shares) * len(left))
    ends = np.sort(np.stack([part_of[left], part_of[right]]), axis=0)
    return Split(ends, len(order), int(too_large.sum()))


def hold_out(graph: PairGraph, fraction: float, seed: int = 0) -> Split:
    """Split in two: part 0 is held out, with about this fraction of the pairs; part 1 the rest."""
    return split_by_component(graph, (fraction, 1 - fraction), seed)


def deal_crossing(split: Split, graph: PairGraph, seed: int = 0) -> Int[np.ndarray, "pairs"]:
    """Return the part of each pair; crossing pairs go to that of either question, by a hash.

    Small data often is one component. Without its crossing pairs, all of one label, hardly a pair
    of that label would be left in the smaller part.
    """
    parts = split.parts
    for row in np.flatnonzero(split.crossing).tolist():
        texts = sorted((graph.questions[graph.left[row]], graph.questions[graph.right[row]]))
        parts[row] = split.ends[_hash("\0".join(texts), seed)[0] % 2, row]
    return parts


def _groups_of_copies(graph: PairGraph) -> Int[np.ndarray, "questions"]:
    """Return the duplicate groups, those with copies of one question joined."""
    everyone = np.arange(len(graph.questions), dtype=np.int32)
    others = np.r_[graph.groups, first_copies(graph.questions)].astype(np.int32)
    return connect(len(everyone), np.tile(everyone, 2), others)


def _grown(
    order: list[int],
    too_large: Bool[np.ndarray, "questions"],
    units: Int[np.ndarray, "questions"],
    graph: PairGraph,
    seed: int,
) -> list[int]:
    """Replace each component to cut by its units, each next to those it has pairs with."""
    places = {unit: place for place, unit in enumerate(_shuffled(units, graph.questions, seed))}
    neighbours: dict[int, Counter[int]] = defaultdict(Counter)
    for one, other in zip(units[graph.left].tolist(), units[graph.right].tolist(), strict=True):
        if one != other:
            neighbours[one][other] += 1
            neighbours[other][one] += 1
    members: dict[int, list[int]] = defaultdict(list)
    for unit in places:
        members[int(graph.components[unit])].append(unit)
    grown: list[int] = []
    for component in order:
        if not too_large[component]:
            grown.append(component)
            continue
        links: Counter[int] = Counter()
        taken: set[int] = set()
        heap = [(0, places[unit], unit) for unit in members[component]]
        heapq.heapify(heap)
        while heap:
            _, _, unit = heapq.heappop(heap)
            if unit in taken:
                continue
            taken.add(unit)
            grown.append(unit)
            for other, count in neighbours[unit].items():
                if other not in taken:
                    links[other] += count
                    heapq.heappush(heap, (-links[other], places[other], other))
    return grown


def _deal(
    order: list[int], size: Float[np.ndarray, "questions"], wanted: Float[np.ndarray, "parts"]
) -> Int[np.ndarray, "questions"]:
    """Return the part of every unit: huge ones where most is missing, the others part by part."""
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
        first[unit] = min(question, first.get(unit, question))
    return sorted(first, key=lambda unit: _hash(first[unit], seed))


def _hash(text: str, seed: int) -> bytes:
    key = seed.to_bytes(8, "little")
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=16).digest()
