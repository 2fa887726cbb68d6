"""What a task has before it: the shelf, the manifest, the model."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from gemel.inference import Engine
from gemel.scale.manifest import Manifest
from gemel.scale.parquet_shards import Shelf

MODEL = "model"
"""The folder of the model within the work folder, so that all who run tasks find it."""


class Desk:
    """A work folder, as the task of a stage sees it.

    Args:
        path: the work folder.
    """

    def __init__(self, path: Path):
        self.shelf = Shelf(path)
        self.manifest = Manifest.load(path)

    @property
    def engine(self) -> Engine:
        """The model; a process opens it once."""
        return _engine(self.shelf.path / MODEL, self.manifest.run.model)

    @property
    def shards(self) -> int:
        """Into how many shards the questions are dealt."""
        return self.manifest.stages["read"].shards

    def first_row(self, shard: int) -> int:
        """Return the row, from 0, with which a shard of questions begins."""
        return shard * self.manifest.run.shard_size


@functools.lru_cache(maxsize=1)
def _engine(path: Path, fingerprint: str) -> Engine:
    # Tasks of one run may compute on different processors; their vectors must not differ.
    return Engine.load(path, backend="float32")


def split_rows(keys: Int[np.ndarray, "rows"], parts: int) -> Iterator[Int[np.ndarray, "_"]]:
    """Yield for every part, from 0, the places whose key it is, in order.

    Args:
        keys: the part of each place.
        parts: how many there are.
    """
    order = np.argsort(keys, kind="stable")
    starts: Any = np.searchsorted(keys[order], np.arange(parts + 1))
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        yield order[start:stop]
