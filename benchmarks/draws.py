"""Choosing few of many pairs, the fewer always among the more."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import gemel
from gemel.data import PairGraph, split_by_component

__all__ = ["names_of", "nested"]


def nested(
    pairs: gemel.Pairs, sizes: Sequence[int], seed: int, *, by_row: bool = False
) -> list[NDArray[np.bool_]]:
    """Choose about so many pairs for each size below all of them, and then all.

    Args:
        pairs: what to choose from.
        sizes: how many.
        seed: another seed, another choice.
        by_row: whether pairs are drawn one by one.

    Returns:
        What is chosen, for each size; every choice holds the one before.
    """
    total = len(pairs)
    ends = [0, *_below(sizes, total), total]
    steps = [after - before for before, after in itertools.pairwise(ends)]
    if by_row:
        order = np.random.default_rng(seed).permutation(total)
        parts = np.repeat(np.arange(len(steps)), steps)[np.argsort(order)]
    else:
        parts = split_by_component(PairGraph.of(pairs), [n / total for n in steps], seed).parts
    return [parts <= part for part in range(len(steps))]


def names_of(sizes: Sequence[int], total: int) -> list[str]:
    """Name what `nested` gives by the sizes that were asked for."""
    return [*map(str, _below(sizes, total)), "all"]


def _below(sizes: Sequence[int], total: int) -> list[int]:
    return sorted({size for size in sizes if 0 < size < total})
