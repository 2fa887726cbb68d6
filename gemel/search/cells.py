"""Cells: a space of vectors cut into parts, each around a centre."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor

import numpy as np
from jaxtyping import Float16, Float32, Int32, Int64

__all__ = ["nearest_cells"]

_SAMPLE = 32
"""Vectors a cell from which its centre is learned."""
_ROUNDS = 5
"""Times that centres move. More of them find no more pairs."""
_ROWS = 2048
"""Vectors that are compared with all centres together."""
_SEED = 20


def nearest_cells(
    vectors: Float16[np.ndarray, "rows dim"],
    cells: int,
    probes: int,
    run: Executor,
    progress: Callable[[int, int], object],
) -> Int32[np.ndarray, "rows probes"]:
    """Cut the space into cells by k-means on a sample, and find those nearest to each vector.

    Args:
        vectors: of length 1, as many as cells at least.
        cells: how many; the same ones every time.
        probes: how many nearest cells of each vector to give, fewer than `cells`.
        run: runs parts of it beside each other.
        progress: is told how many vectors are done, of how many.

    Returns:
        Of each vector the numbers of the nearest cells, the nearest first.

    Source: spherical k-means, Dhillon and Modha 2001.
    """
    random = np.random.default_rng(_SEED)
    sample = vectors[random.permutation(len(vectors))[: cells * _SAMPLE]].astype(np.float32)
    centres = sample[:cells].copy()
    for _ in range(_ROUNDS):
        homes = np.concatenate(
            list(run.map(lambda part, to=centres: (part @ to.T).argmax(axis=1), _parts(sample)))
        )
        _move(centres, sample, homes)
    nearest = np.empty((len(vectors), probes), np.int32)
    done = 0
    for found in run.map(lambda part: _nearest(part, centres, probes), _parts(vectors)):
        nearest[done : done + len(found)] = found
        done += len(found)
        progress(done, len(vectors))
    return nearest


def _parts(vectors: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(vectors), _ROWS):
        yield vectors[start : start + _ROWS]


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


def _nearest(
    vectors: Float16[np.ndarray, "part dim"],
    centres: Float32[np.ndarray, "cells dim"],
    probes: int,
) -> Int64[np.ndarray, "part probes"]:
    distances = -(vectors.astype(np.float32) @ centres.T)
    found = np.argpartition(distances, probes - 1, axis=1)[:, :probes]
    order = np.argsort(np.take_along_axis(distances, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)
