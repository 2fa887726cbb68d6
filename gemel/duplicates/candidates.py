"""Find all close pairs among vectors, in bounded memory."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float16, Float32, Int, Int32, Int64, UInt64

from gemel.data.duplicate_graph import number_pairs
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
_EACH = 80
"""Average number of pairs per row that fit."""
_AT_LEAST = 1 << 20
"""Minimum number of pairs that fit."""
_TOO_MANY = 1.5
"""Factor by which the limit may be exceeded before pairs are dropped."""

_Rows: TypeAlias = Int[np.ndarray, "_"]


class ClosePairs(NamedTuple):
    """Pairs of rows, left below right, each once, ordered by left, then right."""

    left: Int32[np.ndarray, "pairs"]
    right: Int32[np.ndarray, "pairs"]
    cosine: Float32[np.ndarray, "pairs"]
    left_out: int = 0
    """Number of dropped pairs; see `BoundedPairs`."""

    @classmethod
    def joined(cls, parts: list["ClosePairs"]) -> "ClosePairs":
        """Concatenate parts and empty the list, to save memory."""
        left, right, cosine, left_out = zip(_NO_PAIRS, *parts, strict=True)
        parts.clear()
        return cls(
            np.concatenate(left), np.concatenate(right), np.concatenate(cosine), sum(left_out)
        )

    def take(self, places: Int64[np.ndarray, "some"]) -> "ClosePairs":
        """Select pairs by index."""
        return ClosePairs(
            self.left[places],
            self.right[places],
            self.cosine[places],
            self.left_out + len(self.left) - len(places),
        )

    def sorted(self) -> "ClosePairs":
        """Order by left, then by right."""
        numbers = number_pairs(self.left, self.right, int(self.right.max(initial=0)) + 1)
        return self.take(np.argsort(numbers))

    def nearest(self, most: int) -> "ClosePairs":
        """Select the `most` pairs of each right row with the highest cosine, in stable order."""
        counts = np.bincount(self.right)
        full = np.flatnonzero(counts > most)
        keys = _keys(self.right, self.cosine)
        # Sort key of the last pair of each row that stays.
        last = np.full(len(counts), np.iinfo(np.uint64).max)
        last[full] = np.sort(keys)[np.cumsum(counts)[full] - counts[full] + most - 1]
        bounds = last[self.right]
        stay = keys < bounds
        equal = np.flatnonzero(keys == bounds)
        equal = equal[np.lexsort((self.left[equal], self.right[equal]))]
        right = self.right[equal]
        rank = np.arange(len(right)) - np.searchsorted(right, right)
        stays = np.bincount(self.right[stay], minlength=len(counts))
        stay[equal[rank < most - stays[right]]] = True
        return self.take(np.flatnonzero(stay))


def _keys(
    right: Int32[np.ndarray, "pairs"], cosine: Float32[np.ndarray, "pairs"]
) -> UInt64[np.ndarray, "pairs"]:
    """Return sort keys: right row, then descending cosine."""
    bits = (cosine + np.float32(0)).view(np.int32)  # the same for -0 and 0
    falling = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (right.astype(np.int64) << 32).astype(np.uint64) + (0x7FFFFFFF - falling).astype(
        np.uint64
    )


_NO_PAIRS = ClosePairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))


class BoundedPairs:
    """Collects close pairs of a number of rows, in any order; thread-safe.

    80 pairs a row fit on average, and at least 1,048,576. Beyond, each row has its most similar
    predecessors only, the same number for each, at least 80. The result depends on the pairs alone.
    """

    def __init__(self, rows: int):
        self._room = max(_AT_LEAST, _EACH * rows)
        self.most: int | None = None
        """Maximum pairs of a right row; None while all fit."""
        self._parts: list[ClosePairs] = []
        self._lock = threading.Lock()

    def add(self, parts: list[ClosePairs]) -> None:
        """Add new pairs and empty the list."""
        with self._lock:
            self._parts += parts
            parts.clear()
            if sum(len(part.left) for part in self._parts) > _TOO_MANY * self._room:
                self._parts = [self._fitting()]

    def all(self) -> ClosePairs:
        """Return all pairs, sorted."""
        with self._lock:
            self._parts = [self._fitting().sorted()]
            return self._parts[0]

    def _fitting(self) -> ClosePairs:
        """Drop as few pairs as necessary."""
        pairs = ClosePairs.joined(self._parts)
        if self.most is not None:  # dropped pairs cannot return
            pairs = pairs.nearest(self.most)
        if len(pairs.left) <= self._room:
            return pairs
        counts = np.sort(np.bincount(pairs.right))
        # Pairs that stay if each row has at most as many as the row at this place.
        stay = np.cumsum(counts) + counts * np.arange(len(counts) - 1, -1, -1)
        place = int(np.searchsorted(stay, self._room, side="right"))
        below = int(counts[:place].sum())
        self.most = (self._room - below) // (len(counts) - place)
        return pairs.nearest(self.most)


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
        progress: counts rows, then parts.
    """
    report: Progress = progress or (lambda *_: None)
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
                report("cells", done, len(rows))
        pairs = BoundedPairs(len(rows))
        some = None if templates is None else templates[rows]
        for done, tasks in pairs_in_cells(
            vectors, nearest, range(plan.cells), floor, pool.map, pairs, templates=some
        ):
            report("comparing", done, tasks)
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
        vectors, floor, templates: see `close_pairs`.
        nearest: cells of each row.
        cells: cells to search.
        run: maps over parts, possibly in parallel.
        pairs: collects the pairs.

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
    queries = vectors[ones].astype(np.float32)
    block = _BlockPairs(pairs, ones, floor)
    for begin in range(0, start + len(ones), _BLOCK):
        others = members[begin : begin + _BLOCK]
        template = templates[ones[0]]
        if template >= 0 and all((templates[rows] == template).all() for rows in (ones, others)):
            continue
        earlier = queries if begin == start else vectors[others].astype(np.float32)
        for first in range(0, len(ones), _STRIP):
            strip = ones[first : first + _STRIP]
            least = block.least[first : first + _STRIP]
            # A block is compared with itself up to the strip.
            before = len(others) if begin < start else first + len(strip)
            cosines = earlier[:before] @ queries[first : first + _STRIP].T
            # Where each hit is a pair, those that are dropped need only be counted.
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
    """Pairs of a block's ascending rows with their predecessors, until collected."""

    def __init__(self, pairs: BoundedPairs, rows: _Rows, floor: float):
        self._pairs, self._rows = pairs, rows
        self._parts: list[ClosePairs] = []
        self.least = np.full(len(rows), floor, np.float32)
        """Cosine of each row below which its pairs will be dropped anyway."""

    def add(self, part: ClosePairs) -> None:
        self._parts.append(part)
        if sum(len(part.left) for part in self._parts) <= _HELD:
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
        if sum(len(part.left) for part in self._parts) > _HELD // 2:
            self.close()

    def close(self) -> None:
        self._pairs.add(self._parts)


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
