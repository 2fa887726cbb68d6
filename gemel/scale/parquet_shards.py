"""Tables of a large run in Parquet files, a folder per stage."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gemel.errors import MissingExtraError
from gemel.files import new_file

Columns: TypeAlias = Mapping[str, np.ndarray | list[str]]
"""Columns of one length: arrays of numbers or of rows of numbers, and lists of texts."""
StageOutput: TypeAlias = tuple[Iterable[Columns], dict[str, int]]
"""Parts of a table, and counts that are complete after the last part."""


def require_parquet() -> tuple[Any, Any]:
    """Import pyarrow, or raise MissingExtraError."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet", "parquet") from error
    return pyarrow, parquet


class ParquetShards:
    """Reads and writes the tables of stages, and counts the bytes read.

    Files are written atomically. The parts of a file (row groups) can be read separately.
    """

    def __init__(self, path: Path):
        self.path = path
        self.read_bytes = 0

    def file(self, stage: str, number: int) -> Path:
        """Return the path of a shard."""
        return self.path / stage / f"{number:05}.parquet"

    def counts(self, stage: str, number: int) -> dict[str, Any] | None:
        """Return the counts stored with a shard; None if it is missing or damaged."""
        pyarrow, parquet = require_parquet()
        try:
            noted = parquet.read_metadata(self.file(stage, number)).metadata[b"gemel"]
        except (OSError, pyarrow.ArrowException, KeyError, TypeError):
            return None
        counts: dict[str, Any] = json.loads(noted)
        return counts

    def write(
        self, stage: str, number: int, parts: Iterable[Columns], counts: Mapping[str, Any]
    ) -> None:
        """Write a shard atomically.

        Args:
            parts: at least one table; all have the same columns.
            counts: stored with it; read when all parts are written.

        Raises:
            OSError: the disk is full or read-only.
        """
        path = self.file(stage, number)
        try:
            path.parent.mkdir(exist_ok=True)
            self._write(path, parts, counts)
        except OSError as error:
            if error.errno and not error.filename:
                error.filename = str(path)  # the error of a full disk has no path
            raise

    def _write(self, path: Path, parts: Iterable[Columns], counts: Mapping[str, Any]) -> None:
        _, parquet = require_parquet()
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(new_file(path))
            writer = None
            for part in parts:
                table = _table(part)
                if writer is None:
                    writer = parquet.ParquetWriter(
                        stream,
                        table.schema,
                        compression={field.name: _packing(field) for field in table.schema},
                        use_dictionary=False,
                        write_statistics=False,
                    )
                    stack.callback(writer.close)
                writer.write_table(table, row_group_size=max(1, len(table)))
            if writer is None:
                raise ValueError(f"{path}: no parts to write")
            writer.add_key_value_metadata({"gemel": json.dumps(dict(counts))})

    def read(
        self, stage: str, number: int, names: Sequence[str], part: int | None = None
    ) -> dict[str, Any]:
        """Read columns of a shard, of one part or of all."""
        with self._opened(stage, number) as file:
            parts = range(file.num_row_groups) if part is None else [part]
            return self._columns(file, parts, names)

    def parts(self, stage: str, number: int, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Read columns of a shard part by part."""
        with self._opened(stage, number) as file:
            for part in range(file.num_row_groups):
                yield self._columns(file, [part], names)

    def gather(
        self, stage: str, shards: int, names: Sequence[str], part: int | None = None
    ) -> dict[str, Any]:
        """Read columns of all shards of a stage, of one part of each or of all."""
        found = [self.read(stage, number, names, part) for number in range(shards)]
        return {name: _joined([each[name] for each in found]) for name in names}

    @contextlib.contextmanager
    def _opened(self, stage: str, number: int) -> Iterator[Any]:
        _, parquet = require_parquet()
        with parquet.ParquetFile(self.file(stage, number), memory_map=False) as file:
            yield file

    def _columns(self, file: Any, parts: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
        places = [file.schema_arrow.get_field_index(name) for name in names]
        for part in parts:
            group = file.metadata.row_group(part)
            self.read_bytes += sum(group.column(each).total_compressed_size for each in places)
        table = file.read_row_groups(list(parts), list(names), use_threads=False)
        return {name: _values(table, name) for name in names}


def _joined(parts: list[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return [value for part in parts for value in part]


def _table(columns: Columns) -> Any:
    pyarrow, _ = require_parquet()
    made = {name: _column(values) for name, values in columns.items()}
    schema = pyarrow.schema(
        pyarrow.field(name, array.type, nullable=False, metadata={"kind": kind})
        for name, (array, kind) in made.items()
    )
    return pyarrow.table([array for array, _ in made.values()], schema=schema)


def _column(values: "np.ndarray | list[str]") -> tuple[Any, str]:
    """Return a Parquet array and its kind."""
    pyarrow, _ = require_parquet()
    if not isinstance(values, np.ndarray):
        # As bytes: a text may contain a lone surrogate, which Parquet's strings may not.
        packed = [text.encode("utf-8", "surrogatepass") for text in values]
        return pyarrow.array(packed, pyarrow.binary()), "text"
    if values.ndim == 1:
        return pyarrow.array(values), values.dtype.name
    kind = pyarrow.binary(values.shape[1] * values.itemsize)
    content = pyarrow.py_buffer(np.ascontiguousarray(values))
    rows = pyarrow.FixedSizeBinaryArray.from_buffers(kind, len(values), [None, content])
    return rows, f"{values.dtype.name} {values.shape[1]}"


def _values(table: Any, name: str) -> Any:
    kind, *width = table.schema.field(name).metadata[b"kind"].decode().split()
    column = table.column(name).combine_chunks()
    if kind == "text":
        return [packed.decode("utf-8", "surrogatepass") for packed in column.to_pylist()]
    if not width:
        return column.to_numpy(zero_copy_only=False)
    content = column.buffers()[1]
    size = int(width[0])
    start = column.offset * size * np.dtype(kind).itemsize
    numbers = np.frombuffer(content or b"", kind, len(column) * size, start)
    return numbers.reshape(len(column), size)


def _packing(field: Any) -> str:
    """Return the compression of a column: none for vectors, which do not compress."""
    return "none" if field.metadata[b"kind"].startswith(b"float") else "zstd"
