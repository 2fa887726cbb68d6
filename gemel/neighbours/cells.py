"""Cells: a space of vectors cut into parts, each around a centre."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float16, Float32, Int32, Int64

Mapper: TypeAlias = Callable[..., Iterator[Any]]
"""Python's `map`, or that of an executor, which works on several parts at one time."""

_EXACT = 30_000
"""Questions up to which all are in one cell, so that all are compared with all: some seconds."""
_CELLS = 2.3
"""Cells for a root of the number of questions: to find the nearest takes as long then as to compare
what is in them."""
_UNEVEN = 1.5
"""How many more comparisons there are than if all cells were of one size."""
_SAMPLE = 32
"""Vectors a cell from which its centre is learned."""
_ROUNDS = 5
"""Times that centres move. More of them find no more pairs."""
_NUMBERS = 1 << 23
"""Most numbers of one product of matrices."""
_SEED = 20


class Cut(NamedTuple):
    """Into how many cells a space is cut, and how many of them each vector is in: the nearest."""

    cells: int
    probes: int


def choose_cut(rows: int, floor: float) -> Cut:
    """Cut so that two vectors of a cosine of `floor` share a cell in 995 of 1,000 cases.

    Fitted to questions of the Quora pairs: three nearest cells at a floor of 0.9, six at 0.7, and
    of those the same whether there are a hundred cells or thousands. One cell, where more save
    nothing.

    Args:
        rows: vectors to cut among.
        floor: the least cosine that counts, -1 to 1.
    """
    cells = int(_CELLS * math.sqrt(rows))
    growth = min(max(0.0, 2 * (0.7 - floor)), 0.5)
    probes = max(2, math.ceil(6 * math.exp(4.3 * (0.7 - floor)) * (cells / 1200) ** growth))
    if rows <= _EXACT or _UNEVEN * probes**2 >= cells:
        return Cut(1, 1)
    return Cut(cells, probes)


def choose_sample(rows: int, cut: Cut) -> Int64[np.ndarray, "sample"]:
    """Choose by chance, the same every time, the rows from which centres are learned, in order."""
    random = np.random.default_rng(_SEED)
    return random.choice(rows, min(rows, cut.cells * _SAMPLE), replace=False)


@dataclass(frozen=True, eq=False)
class Cells:
    """Parts of a space: a vector is in those whose centres are nearest to it."""

    centres: Float32[np.ndarray, "cells dim"]
    probes: int
    """In how many cells a vector is."""

    @classmethod
    def learn(cls, sample: Float16[np.ndarray, "sample dim"], cut: Cut, run: Mapper) -> "Cells":
        """Find centres by k-means.

        Args:
            sample: vectors of length 1, as many as cells at least, in an order of chance.
            cut: how many; the same ones every time.
            run: runs parts of it, maybe next to each other.

        Source: spherical k-means, Dhillon and Modha 2001.
        """
        vectors = sample.astype(np.float32)
        centres = vectors[: cut.cells].copy()
        for _ in range(_ROUNDS if cut.cells > 1 else 0):
            homes = run(
                lambda part, to=centres: (part @ to.T).argmax(axis=1), _parts(vectors, centres)
            )
            _move(centres, vectors, np.concatenate(list(homes)))
        return cls(centres, cut.probes)

    def nearest(
        self, vectors: Float16[np.ndarray, "rows dim"], run: Mapper
    ) -> Iterator[Int32[np.ndarray, "some probes"]]:
        """Yield the cells of some vectors after the other, in order: of each the nearest first.

        Args:
            vectors: of length 1.
            run: runs parts of it, maybe next to each other.
        """
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
    """Put each centre amid the vectors whose home it is; one without any stays."""
    order = np.argsort(homes, kind="stable")
    lived_in, starts = np.unique(homes[order], return_index=True)
    sums = np.add.reduceat(sample[order], starts)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    centres[lived_in] = sums / np.maximum(lengths, np.finfo(np.float32).tiny)
