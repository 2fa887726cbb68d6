"""Splits that keep a question on one side."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

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
    """Held-out pairs of which one question may also stand in a pair of the other side."""


def split_by_component(graph: PairGraph, fraction: float, seed: int = 0) -> Split:
    """Hold out about a fraction of the pairs so that no question is on both sides.

    The unit is a connected component of the whole graph, which keeps the share of duplicates on
    both sides alike. A component above 5 % of the pairs is cut: then its duplicate groups are the
    units, and a pair between a held-out group and another one is held out. The choice depends on
    the texts and the seed, not on the order of the rows.

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

    held_units = np.zeros(len(graph.questions), bool)
    held_pairs = 0
    touching = _pairs_by_unit(left, right)
    taken = np.zeros(len(left), bool)
    for unit in _shuffled(units, graph.questions, seed):
        if held_pairs >= fraction * len(left):
            break
        held_units[unit] = True
        new = touching.get(unit, np.zeros(0, np.int64))
        held_pairs += int((~taken[new]).sum())
        taken[new] = True
    held_out = held_units[left] | held_units[right]
    crossing = held_units[left] != held_units[right]
    return Split(held_out, int(too_large.sum()), int(crossing.sum()))


def _pairs_by_unit(
    left: Int64[np.ndarray, "pairs"], right: Int64[np.ndarray, "pairs"]
) -> dict[int, Int64[np.ndarray, "_"]]:
    across = np.flatnonzero(left != right)
    rows = np.concatenate([np.arange(len(left)), across])
    units = np.concatenate([left, right[across]])
    order = np.argsort(units, kind="stable")
    names, starts = np.unique(units[order], return_index=True)
    return dict(zip(names.tolist(), np.split(rows[order], starts[1:]), strict=True))


def _shuffled(units: Int64[np.ndarray, "questions"], questions: list[str], seed: int) -> list[int]:
    """Order units by a hash of their alphabetically first question."""
    first: dict[int, str] = {}
    for unit, question in zip(units.tolist(), questions, strict=True):
        if unit not in first or question < first[unit]:
            first[unit] = question
    key = seed.to_bytes(8, "little")

    def place(unit: int) -> bytes:
        text = first[unit].encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=key, digest_size=16).digest()

    return sorted(first, key=place)
