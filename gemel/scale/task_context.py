"""Context of a task: the tables, the manifest, the model."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from gemel.inference import Engine
from gemel.scale.manifest import Manifest
from gemel.scale.parquet_shards import ParquetShards

MODEL = "model"
"""Folder of the model within the work folder, where all workers find it."""


class TaskContext:
    """A work folder as seen by a task."""

    def __init__(self, path: Path):
        self.tables = ParquetShards(path)
        self.manifest = Manifest.load(path)

    @property
    def engine(self) -> Engine:
        """The model, loaded once per process."""
        return _engine(self.tables.path / MODEL, self.manifest.run.model)

    @property
    def shards(self) -> int:
        """Number of shards of questions."""
        return self.manifest.stages["read"].shards

    def first_row(self, shard: int) -> int:
        """Return the first row, from 0, of a shard."""
        return shard * self.manifest.run.shard_size


@functools.lru_cache(maxsize=1)
def _engine(path: Path, fingerprint: str) -> Engine:
    # Tasks of one run may compute on different processors; their vectors must not differ.
    return Engine.load(path, backend="float32")


def split_rows(keys: Int[np.ndarray, "rows"], parts: int) -> Iterator[Int[np.ndarray, "_"]]:
    """Yield for each part, from 0, the places whose key it is, in order."""
    order = np.argsort(keys, kind="stable")
    starts: Any = np.searchsorted(keys[order], np.arange(parts + 1))
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        yield order[start:stop]
