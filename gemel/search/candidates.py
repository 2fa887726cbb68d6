"""Every pair of a corpus that is close enough to be looked at."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float16, Float32, Int, Int32

from gemel.data.graph import number_pairs
from gemel.inference import available_cores, one_compute_thread
from gemel.search.cells import Cells, Mapper, choose_cut, choose_sample
from gemel.text import Progress

__all__ = ["ClosePairs", "close_pairs", "pairs_in_cells", "usable_rows"]

_BLOCK = 2048
"""Questions on either side of one product of matrices."""
_STRIP = 256
"""Questions of a block that are compared together: with those before them only."""
_PAIRS = 1 << 14
"""Pairs whose cells are compared at one time."""

_Rows: TypeAlias = Int[np.ndarray, "_"]


class ClosePairs(NamedTuple):
    """Pairs of rows, each once, ascending by left, then by right."""

    left: Int32[np.ndarray, "pairs"]
    """The smaller row."""
    right: Int32[np.ndarray, "pairs"]
    """The larger row."""
    cosine: Float32[np.ndarray, "pairs"]
    """How alike the two are."""

    @classmethod
    def joined(cls, parts: list["ClosePairs"]) -> "ClosePairs":
        """Put parts of different pairs into one, in order; of the list nothing is left.

        Two of all that it holds would take much room.
        """
        columns = [np.concatenate(column) for column in zip(_NO_PAIRS, *parts, strict=True)]
        parts.clear()
        left, right = columns[:2]
        order = np.argsort(number_pairs(left, right, int(right.max(initial=0)) + 1))
        return cls(*(column[order] for column in columns))


_NO_PAIRS = ClosePairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))


def close_pairs(
    vectors: Float16[np.ndarray, "rows dim"], floor: float, *, progress: Progress | None = None
) -> ClosePairs:
    """Find every pair of rows whose cosine is `floor` at least.

    Up to 30,000 rows all are compared with all. Above that the space is cut into cells, and those
    are compared that share one; each row is in several, the more the lower the floor; see
    `choose_cut`. Where that would save little, all are compared with all.

    Args:
        vectors: of length 1. A row of zeros, or with a number that is none, is in no pair.
        floor: the least cosine that counts, -1 to 1.
        progress: is told how many rows, then how many parts are done.
    """
    told: Progress = progress or (lambda *_: None)
    rows = usable_rows(vectors)
    vectors = vectors[rows]
    cut = choose_cut(len(rows), floor)
    nearest = np.zeros((len(rows), cut.probes), np.int32)
    with one_compute_thread(), ThreadPoolExecutor(available_cores()) as pool:
        if cut.cells > 1:
            cells = Cells.learn(vectors[choose_sample(len(rows), cut)], cut, pool.map)
            done = 0
            for found in cells.nearest(vectors, pool.map):
                nearest[done : done + len(found)] = found
                done += len(found)
                told("cells", done, len(rows))
        parts: list[ClosePairs] = []
        for part, done, tasks in pairs_in_cells(
            vectors, nearest, range(cut.cells), floor, pool.map
        ):
            parts.append(part)
            told("comparing", done, tasks)
    left, right, cosine = ClosePairs.joined(parts)
    return ClosePairs(rows[left], rows[right], cosine)


def usable_rows(vectors: Float16[np.ndarray, "rows dim"]) -> Int32[np.ndarray, "usable"]:
    """Find the rows of finite numbers that are not all 0."""
    usable = np.empty(len(vectors), bool)
    for start in range(0, len(vectors), _BLOCK):
        part = vectors[start : start + _BLOCK]
        usable[start : start + _BLOCK] = part.any(axis=1) & np.isfinite(part).all(axis=1)
    rows: Int32[np.ndarray, "usable"] = np.flatnonzero(usable).astype(np.int32)
    return rows


def pairs_in_cells(
    vectors: Float16[np.ndarray, "rows dim"],
    nearest: Int32[np.ndarray, "rows probes"],
    cells: range,
    floor: float,
    run: Mapper,
) -> Iterator[tuple[ClosePairs, int, int]]:
    """Compare all rows of some cells with each other, and give each close pair once.

    A pair that shares several cells is given by the smallest of them only, so the pairs of other
    cells, wherever they are looked for, are others.

    Args:
        vectors: of length 1.
        nearest: the cells of each row; those that are not in `cells` are not looked into.
        cells: which to look into.
        floor: the least cosine that counts.
        run: runs parts of it, maybe beside each other.

    Yields:
        Some pairs, in no order; how many parts of the work are done, and how many there are.
    """
    inside = np.flatnonzero((nearest.ravel() >= cells.start) & (nearest.ravel() < cells.stop))
    inside = inside[np.argsort(nearest.ravel()[inside], kind="stable")]
    starts = np.searchsorted(nearest.ravel()[inside], np.arange(cells.start, cells.stop + 1))
    rows = (inside // nearest.shape[1]).astype(np.int32)
    tasks = [
        _Task(cell, rows[start:stop], block)
        for cell, start, stop in zip(cells, starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        if stop - start > 1
        for block in range(0, stop - start, _BLOCK)
    ]
    found = run(lambda task: _look(vectors, nearest, task, floor), tasks)
    for done, part in enumerate(found, 1):
        yield part, done, len(tasks)


class _Task(NamedTuple):
    cell: int
    members: _Rows
    start: int
    """Where among the members the block begins."""


def _look(
    vectors: Float16[np.ndarray, "rows dim"],
    nearest: Int32[np.ndarray, "rows probes"],
    task: _Task,
    floor: float,
) -> ClosePairs:
    """Find the close pairs of a block of a cell's members with those before them."""
    cell, members, start = task
    parts = [_NO_PAIRS]
    ones = members[start : start + _BLOCK]
    near = vectors[ones].astype(np.float32)
    for begin in range(0, start + len(ones), _BLOCK):
        others = members[begin : begin + _BLOCK]
        far = near if begin == start else vectors[others].astype(np.float32)
        for first in range(0, len(ones), _STRIP):
            strip = ones[first : first + _STRIP]
            # Of a block with itself only what lies before is looked at.
            before = len(others) if begin < start else first + len(strip)
            cosines = far[:before] @ near[first : first + _STRIP].T
            hits = np.flatnonzero(cosines >= floor)
            at, of = np.divmod(hits, len(strip))
            once = np.flatnonzero(begin + at < start + first + of)
            left, right, hits = others[at[once]], strip[of[once]], hits[once]
            here = _is_first_shared(nearest, left, right, cell)
            parts.append(ClosePairs(left[here], right[here], cosines.ravel()[hits[here]]))
    return ClosePairs(*map(np.concatenate, zip(*parts, strict=True)))


def _is_first_shared(
    nearest: Int32[np.ndarray, "rows probes"], left: _Rows, right: _Rows, cell: int
) -> Bool[np.ndarray, "pairs"]:
    """Say of pairs that share a cell whether they share no smaller one."""
    first = np.ones(len(left), bool)
    if nearest.shape[1] == 1:
        return first
    for start in range(0, len(left), _PAIRS):
        part = slice(start, start + _PAIRS)
        ones, others = nearest[left[part]], nearest[right[part]]
        shared = (ones[:, :, None] == others[:, None, :]) & (ones < cell)[:, :, None]
        first[part] = ~shared.any(axis=(1, 2))
    return first
