"""Cells: k-means clusters of vectors."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float16, Float32, Int32, Int64

Mapper: TypeAlias = Callable[..., Iterator[Any]]
"""`map`, or an executor's parallel one."""

_EXACT = 30_000
"""Below this many questions one cell is used, which takes some seconds."""
_CELLS = 2.3
"""Cells per square root of the number of questions, which balances assignment and comparison."""
_UNEVEN = 1.5
"""Factor of comparisons due to unequal cells."""
_SAMPLE = 32
"""Sampled vectors per cell for k-means."""
_ROUNDS = 5
"""Iterations of k-means; more find no more pairs."""
_NUMBERS = 1 << 23
"""Maximum size of one matrix product."""
_SEED = 20


class CellPlan(NamedTuple):
    """Number of cells, and of cells that each vector is assigned to."""

    cells: int
    probes: int


def plan_cells(rows: int, floor: float) -> CellPlan:
    """Choose cells so that 99.5 % of the pairs with a cosine of `floor` share one.

    Fitted to Quora's questions: three closest cells at a floor of 0.9, six at 0.7, for a hundred
    cells or thousands. One cell where more save nothing.
    """
    cells = int(_CELLS * math.sqrt(rows))
    growth = min(max(0.0, 2 * (0.7 - floor)), 0.5)
    probes = max(2, math.ceil(6 * math.exp(4.3 * (0.7 - floor)) * (cells / 1200) ** growth))
    if rows <= _EXACT or _UNEVEN * probes**2 >= cells:
        return CellPlan(1, 1)
    return CellPlan(cells, probes)


def choose_sample(rows: int, plan: CellPlan) -> Int64[np.ndarray, "sample"]:
    """Sample the rows for k-means, always the same."""
    random = np.random.default_rng(_SEED)
    return random.choice(rows, min(rows, plan.cells * _SAMPLE), replace=False)


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of vectors; a vector belongs to those with the closest centres."""

    centres: Float32[np.ndarray, "cells dim"]
    probes: int

    @classmethod
    def learn(
        cls, sample: Float16[np.ndarray, "sample dim"], plan: CellPlan, run: Mapper
    ) -> "Cells":
        """Find centres by k-means from unit vectors in random order, at least one a cell.

        Source: spherical k-means, Dhillon and Modha 2001.
        """
        vectors = sample.astype(np.float32)
        centres = vectors[: plan.cells].copy()
        for _ in range(_ROUNDS if plan.cells > 1 else 0):
            homes = run(
                lambda part, to=centres: (part @ to.T).argmax(axis=1), _parts(vectors, centres)
            )
            _move(centres, vectors, np.concatenate(list(homes)))
        return cls(centres, plan.probes)

    def nearest(
        self, vectors: Float16[np.ndarray, "rows dim"], run: Mapper
    ) -> Iterator[Int32[np.ndarray, "some probes"]]:
        """Yield the cells of vectors, closest first, part by part in order."""
        return run(self._nearest, _parts(vectors, self.centres))

    def _nearest(
        self, vectors: Float16[np.ndarray, "some dim"]
    ) -> Int32[np.ndarray, "some probes"]:
        cosines = vectors.astype(np.float32) @ self.centres.T
        found = np.argpartition(cosines, -self.probes, axis=1)[:, -self.probes :]
        order = np.argsort(-np.take_along_axis(cosines, found, axis=1), axis=1, kind="stable")
        return np.take_along_axis(found, order, axis=1).astype(np.int32)


def _parts(vectors: np.ndarray, centres: np.ndarray) -> Iterator[np.ndarray]:
    rows = max(1, min(2048, _NUMBERS // len(centres)))
    for start in range(0, len(vectors), rows):
        yield vectors[start : start + rows]


def _move(
    centres: Float32[np.ndarray, "cells dim"],
    sample: Float32[np.ndarray, "sample dim"],
    homes: Int64[np.ndarray, "sample"],
) -> None:
    """Move each centre to the mean of its vectors; one without any stays."""
    order = np.argsort(homes, kind="stable")
    lived_in, starts = np.unique(homes[order], return_index=True)
    sums = np.add.reduceat(sample[order], starts)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    centres[lived_in] = sums / np.maximum(lengths, np.finfo(np.float32).tiny)
