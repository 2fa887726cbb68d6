"""Manifest of a work folder, and the context of its tasks."""

import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Int

from gemel.data import QuestionColumns, Source
from gemel.errors import DataError
from gemel.files import path_text, write_text
from gemel.inference import Engine
from gemel.scale.parquet_shards import Columns, ParquetShards
from gemel.version import __version__

FORMAT_VERSION = 2
"""Incremented when the files of a work folder change their meaning."""
MODEL = "model"
"""Folder of the model within the work folder, where all workers find it."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of a run; resuming requires an equal one."""

    gemel_version: str
    source: str
    """Path of the questions."""
    sha256: str
    """Checksum of the questions."""
    columns: str
    model: str
    """Fingerprint of the model."""
    floor: float
    shard_size: int

    @classmethod
    def of(
        cls, source: Source, columns: QuestionColumns, model: str, floor: float, shard_size: int
    ) -> "Run":
        """Identify a run by its input; reads the whole file once."""
        with source.path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(
            gemel_version=__version__,
            source=path_text(source.path.resolve()),
            sha256=sha256,
            columns=str(columns),
            model=model,
            floor=floor,
            shard_size=shard_size,
        )


class Grouping(msgspec.Struct, frozen=True):
    """Options that can change without scoring the pairs again."""

    probability: float
    linkage: str


class StageRecord(msgspec.Struct, kw_only=True):
    """Counts and costs of a stage."""

    shards: int
    counts: dict[str, int]
    """Sums over its tasks."""
    seconds: float = 0.0
    """Wall-clock time of the run that finished it."""
    busy: float = 0.0
    """CPU time of its tasks."""
    peak_mb: int = 0
    """Maximum resident memory of a process that ran its tasks."""
    written: int = 0
    """Bytes of its files."""
    read: int = 0
    """Bytes that its tasks read from other stages."""


class Manifest(msgspec.Struct, kw_only=True):
    """Content of `manifest.json`; a stage is listed once all its shards exist."""

    format_version: int = FORMAT_VERSION
    run: Run
    grouping: Grouping = msgspec.field(name="cut")
    stages: dict[str, StageRecord] = {}

    @classmethod
    def load(cls, work: Path) -> "Manifest":
        """Read the manifest of a work folder.

        Raises:
            DataError: there is none, or it is damaged or another gemel's.
        """
        file = work / "manifest.json"
        try:
            found = msgspec.json.decode(file.read_bytes(), type=cls)
        except FileNotFoundError as error:
            raise DataError("is no work folder of a large run", path=work) from error
        except (msgspec.MsgspecError, OSError) as error:
            raise DataError(f"is damaged: {error}; begin with a new folder", path=file) from error
        if found.format_version != FORMAT_VERSION:
            raise DataError(
                f"is of format {found.format_version}, not {FORMAT_VERSION}; begin with a new "
                "folder, or take the gemel that wrote it",
                path=file,
            )
        return found

    def save(self, work: Path) -> None:
        """Write the manifest of a work folder, atomically."""
        plain: Any = msgspec.to_builtins(self)
        write_text(work / "manifest.json", json.dumps(plain, indent=1) + "\n")

    def count(self, stage: str, name: str) -> int:
        """Return a count of a finished stage."""
        return self.stages[stage].counts.get(name, 0)


class TaskContext:
    """A work folder as seen by a task."""

    def __init__(self, path: Path):
        self.path = path
        self.tables = ParquetShards(path)
        self.manifest = Manifest.load(path)

    @property
    def engine(self) -> Engine:
        """The model, loaded once per process."""
        return _engine(self.path / MODEL, self.manifest.run.model)

    @property
    def shards(self) -> int:
        """Number of shards of questions."""
        return self.manifest.stages["read"].shards

    @property
    def buckets(self) -> int:
        """Number of buckets of cells."""
        return self.manifest.count("cells", "buckets")

    @property
    def batches(self) -> int:
        """Number of batches of chains."""
        return self.manifest.count("chains", "lots")

    def first_row(self, shard: int) -> int:
        """Return the first row of a shard."""
        return shard * self.manifest.run.shard_size

    def by_shard(self, table: dict[str, np.ndarray]) -> Iterator[Columns]:
        """Split a table into a part per shard of its column `row`."""
        return split_table(table, table["row"] // self.manifest.run.shard_size, self.shards)


@functools.lru_cache(maxsize=1)
def _engine(path: Path, fingerprint: str) -> Engine:
    # Tasks of one run may compute on different processors; their vectors must not differ.
    return Engine.load(path, backend="float32")


def split_rows(keys: Int[np.ndarray, "rows"], parts: int) -> Iterator[Int[np.ndarray, "_"]]:
    """Yield the places of each key, from 0, in order."""
    order = np.argsort(keys, kind="stable")
    starts: Any = np.searchsorted(keys[order], np.arange(parts + 1))
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        yield order[start:stop]


def split_table(
    table: dict[str, np.ndarray], keys: Int[np.ndarray, "rows"], parts: int
) -> Iterator[Columns]:
    """Yield the rows of each key, from 0, in order."""
    for places in split_rows(keys, parts):
        yield {name: column[places] for name, column in table.items()}
