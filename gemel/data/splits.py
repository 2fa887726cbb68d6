"""Splits that keep a question on one side."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from gemel.data.graph import PairGraph

__all__ = ["Split", "split_by_component"]

_LARGEST = 0.05
"""Share of the rows above which a component is cut into its duplicate groups."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which pairs are held out, and what that cost."""

    held_out: Bool[np.ndarray, "pairs"]
    """True for the pairs of the held-out side."""
    cut_components: int
    """Components too large to keep whole, cut between their duplicate groups."""
    crossing_pairs: int
    """Pairs between a held-out duplicate group and another; half of them are held out."""


def split_by_component(graph: PairGraph, fraction: float, seed: int = 0) -> Split:
    """Hold out about a fraction of the pairs so that no question is on both sides.

    The unit is a connected component of the whole graph, which keeps the share of duplicates on
    both sides alike. A component above 5 % of the pairs is cut: then its duplicate groups are the
    units, and every second pair between a held-out group and another one is held out, which keeps
    that share too; such pairs have a question on each side, and are counted. The choice depends
    on the texts and the seed, not on the order of the rows.

    Args:
        graph: the questions and how pairs connect them.
        fraction: share of the pairs to hold out, between 0 and 1.
        seed: another seed, another split.
    """
    pairs_of = np.bincount(graph.components[graph.left], minlength=len(graph.questions))
    too_large = pairs_of > _LARGEST * len(graph.left)
    cut = too_large[graph.components]
    units = np.where(cut, graph.groups, graph.components)
    left, right = units[graph.left], units[graph.right]

    # A pair inside a unit has both ends there; one between two units belongs half to each.
    size = (np.bincount(left, minlength=len(units)) + np.bincount(right, minlength=len(units))) / 2
    held_units = np.zeros(len(units), bool)
    held_pairs = 0.0
    for unit in _shuffled(units, graph.questions, seed):
        if held_pairs >= fraction * len(left):
            break
        held_units[unit] = True
        held_pairs += size[unit]
    crossing = held_units[left] != held_units[right]
    held_out = held_units[left] & held_units[right]
    for row in np.flatnonzero(crossing):
        ends = sorted((graph.questions[graph.left[row]], graph.questions[graph.right[row]]))
        held_out[row] = _hash("\0".join(ends), seed)[0] % 2
    return Split(held_out, int(too_large.sum()), int(crossing.sum()))


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
