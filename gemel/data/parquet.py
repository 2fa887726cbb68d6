"""Parquet files; pyarrow is imported on use."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gemel.data.column_layout import Table
from gemel.data.columns import AskedColumns
from gemel.data.frames import Frame, arrow_values, class_names
from gemel.data.python_rows import frame_table
from gemel.data.sources import Source
from gemel.errors import DataError, MissingExtraError

_ROWS = 1 << 14
"""Rows read at a time."""


@contextmanager
def open_parquet(source: Source, columns: AskedColumns) -> Iterator[Table]:
    """Open a Parquet file; only used columns are read."""
    with parquet_file(source.path) as file:
        names = file.schema_arrow.names

        def read(places: Sequence[int]) -> Iterator[list[list[Any]]]:
            used = [names[place] for place in places]
            for batch in parquet_batches(file, source.path, used):
                yield [arrow_values(batch.column(name)) for name in used]

        frame = Frame(tuple(names), read, class_names(file.schema_arrow))
        yield frame_table(frame, columns, source)


@contextmanager
def parquet_file(path: Path) -> Iterator[Any]:
    """Open pyarrow's `ParquetFile`; raises like `open_parquet`."""
    try:
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet", "parquet") from error
    with _damage(path):
        file = ParquetFile(path)
    with file:
        yield file


def parquet_batches(file: Any, path: Path, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Yield record batches of an open file; a damaged one is a `DataError`."""
    batches = file.iter_batches(_ROWS, columns=columns)
    while True:
        with _damage(path):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError) as error:
        raise DataError(f"is not a whole Parquet file: {error}", path=path) from error
