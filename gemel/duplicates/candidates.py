"""Find all close pairs among vectors."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float16, Int, Int32

from gemel.duplicates.bounded_pairs import BoundedPairs, ClosePairs
from gemel.inference import available_cores, one_compute_thread
from gemel.neighbours.cells import Cells, Mapper, choose_sample, plan_cells
from gemel.text import Progress

_BLOCK = 2048
"""Rows and columns of one matrix product."""
_STRIP = 256
"""Rows of a block compared with their predecessors at a time."""
_PAIRS = 1 << 14
"""Pairs whose cells are compared at a time."""
_HELD = 1 << 19
"""Close pairs of a block held before some are dropped."""

_Rows: TypeAlias = Int[np.ndarray, "_"]


def close_pairs(
    vectors: Float16[np.ndarray, "rows dim"],
    floor: float,
    *,
    templates: Int32[np.ndarray, "rows"] | None = None,
    progress: Progress | None = None,
) -> ClosePairs:
    """Return all pairs of rows with a cosine of at least `floor`, in bounded memory.

    Up to 30,000 rows are all compared. Above, rows are compared within cells; each row is in
    several, more for a lower floor (see `plan_cells`). Far more pairs than usual are dropped and
    counted; see `BoundedPairs`.

    Args:
        vectors: unit vectors. Rows of zeros or with NaN are in no pair.
        floor: minimum cosine, -1 to 1.
        templates: template of each row, -1 for none; rows of one template are no pair.
        progress: callback `progress(done, total)` in rows, then parts.
    """
    told: Progress = progress or (lambda *_: None)
    rows = usable_rows(vectors)
    vectors = vectors[rows]
    plan = plan_cells(len(rows), floor)
    nearest = np.zeros((len(rows), plan.probes), np.int32)
    with one_compute_thread(), ThreadPoolExecutor(available_cores()) as pool:
        if plan.cells > 1:
            cells = Cells.learn(vectors[choose_sample(len(rows), plan)], plan, pool.map)
            done = 0
            for found in cells.nearest(vectors, pool.map):
                nearest[done : done + len(found)] = found
                done += len(found)
                told("cells", done, len(rows))
        pairs = BoundedPairs(len(rows))
        some = None if templates is None else templates[rows]
        for done, tasks in pairs_in_cells(
            vectors, nearest, range(plan.cells), floor, pool.map, pairs, templates=some
        ):
            told("comparing", done, tasks)
    close = pairs.all()
    return close._replace(left=rows[close.left], right=rows[close.right])


def usable_rows(vectors: Float16[np.ndarray, "rows dim"]) -> Int32[np.ndarray, "usable"]:
    """Return the rows that are finite and not zero."""
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
    pairs: BoundedPairs,
    *,
    templates: Int32[np.ndarray, "rows"] | None = None,
) -> Iterator[tuple[int, int]]:
    """Compare all rows of some cells, and collect each close pair once.

    A pair that shares several cells is found in the smallest only, so other cells give other pairs.

    Args:
        vectors: unit vectors.
        nearest: cells of each row.
        cells: cells to search.
        floor: minimum cosine.
        run: maps over parts, possibly in parallel.
        pairs: collects the pairs.
        templates: see `close_pairs`.

    Yields:
        Parts done, and their total.
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
    if templates is None:
        templates = np.full(len(vectors), -1, np.int32)
    for done, _ in enumerate(
        run(lambda task: _look(vectors, nearest, templates, task, floor, pairs), tasks), 1
    ):
        yield done, len(tasks)


class _Task(NamedTuple):
    cell: int
    members: _Rows
    start: int
    """First member of the block."""


def _look(
    vectors: Float16[np.ndarray, "rows dim"],
    nearest: Int32[np.ndarray, "rows probes"],
    templates: Int32[np.ndarray, "rows"],
    task: _Task,
    floor: float,
    pairs: BoundedPairs,
) -> None:
    """Collect the close pairs of a block of a cell's members with their predecessors."""
    cell, members, start = task
    ones = members[start : start + _BLOCK]
    near = vectors[ones].astype(np.float32)
    block = _BlockPairs(pairs, ones, floor)
    for begin in range(0, start + len(ones), _BLOCK):
        others = members[begin : begin + _BLOCK]
        if _is_one_template(templates[ones], templates[others]):
            continue
        far = near if begin == start else vectors[others].astype(np.float32)
        for first in range(0, len(ones), _STRIP):
            strip = ones[first : first + _STRIP]
            least = block.least[first : first + _STRIP]
            # Of a block with itself only what is before is looked at.
            before = len(others) if begin < start else first + len(strip)
            cosines = far[:before] @ near[first : first + _STRIP].T
            # Where each hit is a pair, those that are left out need only be counted.
            plain = begin < start and nearest.shape[1] == 1 and (templates[strip] < 0).all()
            hits = np.flatnonzero(cosines >= (least if plain else floor))
            found = int(np.count_nonzero(cosines >= floor)) if plain else 0
            at, of = np.divmod(hits, len(strip))
            if not plain:
                once = np.flatnonzero(begin + at < start + first + of)
                at, of = at[once], of[once]
                left, right = others[at], strip[of]
                here = _is_first_shared(nearest, left, right, cell)
                here &= (templates[left] != templates[right]) | (templates[left] < 0)
                at, of = at[here], of[here]
                found = len(at)
                high = cosines[at, of] >= least[of]
                at, of = at[high], of[high]
            block.add(ClosePairs(others[at], strip[of], cosines[at, of], found - len(at)))
    block.close()


class _BlockPairs:
    """Pairs of a block's rows with their predecessors, until collected.

    Args:
        pairs: collects them.
        rows: rows of the block, ascending; the right one of each pair.
        floor: minimum cosine.
    """

    def __init__(self, pairs: BoundedPairs, rows: _Rows, floor: float):
        self._pairs, self._rows = pairs, rows
        self._parts: list[ClosePairs] = []
        self.least = np.full(len(rows), floor, np.float32)
        """Cosine of each row below which its pairs will be dropped anyway."""

    def add(self, part: ClosePairs) -> None:
        """Add pairs."""
        self._parts.append(part)
        if self._count() <= _HELD:
            return
        most = self._pairs.most
        if most is not None:
            held = ClosePairs.joined(self._parts).nearest(most)
            self._parts.append(held)
            full = np.flatnonzero(np.bincount(held.right, minlength=self._rows[-1] + 1) >= most)
            lowest = np.full(self._rows[-1] + 1, np.inf, np.float32)
            np.minimum.at(lowest, held.right, held.cosine)
            places = np.searchsorted(self._rows, full)
            self.least[places] = np.maximum(self.least[places], lowest[full])
        if self._count() > _HELD // 2:
            self.close()

    def close(self) -> None:
        """Add the held pairs to the collection."""
        self._pairs.add(self._parts)

    def _count(self) -> int:
        return sum(len(part.left) for part in self._parts)


def _is_one_template(ones: _Rows, others: _Rows) -> bool:
    """Return whether all rows of two blocks have one template."""
    return bool(ones[0] >= 0 and (ones == ones[0]).all() and (others == ones[0]).all())


def _is_first_shared(
    nearest: Int32[np.ndarray, "rows probes"], left: _Rows, right: _Rows, cell: int
) -> Bool[np.ndarray, "pairs"]:
    """Return which pairs share no smaller cell."""
    first = np.ones(len(left), bool)
    if nearest.shape[1] == 1:
        return first
    for start in range(0, len(left), _PAIRS):
        part = slice(start, start + _PAIRS)
        ones, others = nearest[left[part]], nearest[right[part]]
        shared = (ones[:, :, None] == others[:, None, :]) & (ones < cell)[:, :, None]
        first[part] = ~shared.any(axis=(1, 2))
    return first
