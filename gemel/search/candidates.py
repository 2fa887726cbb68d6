"""Every pair of a corpus that is close enough to be looked at."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float16, Float32, Int, Int32

from gemel.data.graph import number_pairs
from gemel.inference import available_cores, one_compute_thread
from gemel.search.cells import nearest_cells
from gemel.text import Progress

__all__ = ["ClosePairs", "close_pairs"]

_EXACT = 30_000
"""Questions up to which all are compared with all: some seconds."""
_CELLS = 2.3
"""Cells for a root of the number of questions: to find the nearest takes about a fifth of the
time then."""
_BLOCK = 2048
"""Questions on either side of one product of matrices."""


class ClosePairs(NamedTuple):
    """Pairs of rows, each once, ascending by left, then by right."""

    left: Int32[np.ndarray, "pairs"]
    """The smaller row."""
    right: Int32[np.ndarray, "pairs"]
    """The larger row."""
    cosine: Float32[np.ndarray, "pairs"]
    """How alike the two are."""


_Rows: TypeAlias = Int[np.ndarray, "_"]


def close_pairs(
    vectors: Float16[np.ndarray, "rows dim"], floor: float, *, progress: Progress | None = None
) -> ClosePairs:
    """Find every pair of rows whose cosine is `floor` at least.

    Up to 30,000 rows all are compared with all. Above that the rows are put into cells, and each is
    compared with those of the cells that are nearest to it, the more of them the lower the floor:
    of 100,000 questions that finds 997 of 1,000 such pairs, at floors of 0.5 to 0.8. Where it would
    save little, all are compared with all.

    Args:
        vectors: of length 1. A row of zeros, or with a number that is none, is in no pair.
        floor: the least cosine that counts, -1 to 1.
        progress: is told how many rows, then how many parts are done.
    """
    rows = np.flatnonzero(_usable(vectors)).astype(np.int32)
    vectors = vectors[rows]
    told: Progress = progress or (lambda *_: None)
    cells = int(_CELLS * math.sqrt(len(rows)))
    probes = _probes(floor, cells)
    with one_compute_thread(), ThreadPoolExecutor(available_cores()) as run:
        plan: _Plan = _All(len(rows))
        if len(rows) > _EXACT and 4 * probes < cells:
            plan = _InCells(nearest_cells(vectors, cells, probes, run, partial(told, "cells")))
        parts: list[ClosePairs] = []
        for part in run.map(lambda task: _look(vectors, floor, plan, task), range(plan.tasks)):
            parts.append(part)
            told("comparing", len(parts), plan.tasks)
    left, right, cosine = _in_order(parts, len(rows))
    return ClosePairs(rows[left], rows[right], cosine)


def _usable(vectors: Float16[np.ndarray, "rows dim"]) -> Bool[np.ndarray, "rows"]:
    """Say which rows are vectors of finite numbers that are not all 0."""
    usable = np.empty(len(vectors), bool)
    for start in range(0, len(vectors), _BLOCK):
        part = vectors[start : start + _BLOCK]
        usable[start : start + _BLOCK] = part.any(axis=1) & np.isfinite(part).all(axis=1)
    return usable


def _probes(floor: float, cells: int) -> int:
    """Say with how many of its nearest cells a row is compared, so that 995 of 1,000 are found.

    Fitted to 100,000 questions of the Quora pairs: 28 of 512 cells at a floor of 0.6, and for a
    tenth less 2.2 times as many.
    """
    probes: float = 28 * math.exp(8 * (0.6 - floor)) * (cells / 512) ** 0.4
    return max(3, math.ceil(probes))


class _All:
    """Parts of the work in which all rows are compared with all.

    Args:
        rows: how many.
    """

    def __init__(self, rows: int):
        self.rows = rows
        self.tasks = -(-rows // _BLOCK)

    def task(self, number: int) -> tuple[_Rows, _Rows]:
        """Give the rows of a part, and the rows that are compared with them."""
        end = min((number + 1) * _BLOCK, self.rows)
        return np.arange(number * _BLOCK, end), np.arange(end)

    def counts(self, ones: _Rows, others: _Rows) -> Bool[np.ndarray, "some"]:
        """Say of pairs that are met twice whether it is this meeting that counts."""
        return others < ones


class _InCells:
    """As `_All`: the rows that live in a cell, with all to which it is one of the nearest.

    Args:
        nearest: cells of each row, its home first.
    """

    def __init__(self, nearest: Int32[np.ndarray, "rows probes"]):
        self.nearest = nearest
        self.home = nearest[:, 0]
        self.tasks = int(self.home.max()) + 1
        cells = np.arange(self.tasks + 1)
        self._living = np.argsort(self.home)
        self._lives_from = np.searchsorted(self.home[self._living], cells)
        near = nearest.ravel()
        order = np.argsort(near)
        self._near_from = np.searchsorted(near, cells, sorter=order)
        self._near = (order // nearest.shape[1]).astype(np.int32)

    def task(self, number: int) -> tuple[_Rows, _Rows]:
        living = self._living[self._lives_from[number] : self._lives_from[number + 1]]
        near = self._near[self._near_from[number] : self._near_from[number + 1]]
        return living, near

    def counts(self, ones: _Rows, others: _Rows) -> Bool[np.ndarray, "some"]:
        here, there = self.home[ones], self.home[others]
        # Two of one home meet in it, in either order; two of different homes in one or both.
        twice = (self.nearest[ones] == there[:, None]).any(axis=1)
        return np.where(here == there, others < ones, ~twice | (here < there))


_Plan: TypeAlias = _All | _InCells


def _look(
    vectors: Float16[np.ndarray, "rows dim"], floor: float, plan: _Plan, number: int
) -> ClosePairs:
    """Find the close pairs of one part."""
    ones, others = plan.task(number)
    parts = [_NO_PAIRS]
    for one in _blocks(ones):
        columns = vectors[one].astype(np.float32).T
        for other in _blocks(others):
            cosines = vectors[other].astype(np.float32) @ columns
            hits = np.flatnonzero(cosines >= floor)
            at, of = np.divmod(hits, len(one))
            left, right = other[at], one[of]
            kept = plan.counts(right, left)
            left, right = left[kept].astype(np.int32), right[kept].astype(np.int32)
            cosine = cosines.ravel()[hits[kept]]
            parts.append(ClosePairs(np.minimum(left, right), np.maximum(left, right), cosine))
    return ClosePairs(*map(np.concatenate, zip(*parts, strict=True)))


_NO_PAIRS = ClosePairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))


def _blocks(rows: _Rows) -> Iterator[_Rows]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


def _in_order(parts: list[ClosePairs], rows: int) -> ClosePairs:
    """Put all pairs in order; of the parts nothing is left, for two of all take much room."""
    joined = ClosePairs(*map(np.concatenate, zip(_NO_PAIRS, *parts, strict=True)))
    parts.clear()
    order = np.argsort(number_pairs(joined.left, joined.right, rows))
    return ClosePairs(*(column[order] for column in joined))
