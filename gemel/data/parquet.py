"""Parquet files; pyarrow is imported on use."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gemel.data.bad_rows import BadRowError
from gemel.data.base import Record, Table
from gemel.data.column_layout import Places, find_asked
from gemel.data.columns import AskedColumns
from gemel.data.encodings import not_utf8
from gemel.data.frames import arrow_values, class_names
from gemel.errors import DataError, MissingExtraError

_ROWS = 1 << 14
"""Rows read at a time."""


@contextmanager
def open_parquet(path: Path, columns: AskedColumns) -> Iterator[Table]:
    """Open a Parquet file; only used columns are read.

    Raises:
        DataError: missing columns, or a damaged file.
        MissingExtraError: pyarrow is not installed.
    """
    with parquet_file(path) as file:
        try:
            found = find_asked(file.schema_arrow.names, columns)
        except BadRowError as error:
            raise DataError(str(error), path=path) from error
        places = found.narrowed()
        labels = None
        if isinstance(places, Places):
            places.use_classes(class_names(file.schema_arrow))
            labels = places.labels
        yield Table(_records(file, places.names, path), places.read, labels=labels)


@contextmanager
def parquet_file(path: Path) -> Iterator[Any]:
    """Open pyarrow's `ParquetFile`.

    Raises:
        DataError: it is damaged.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet", "parquet") from error
    with _damage(path):
        file = ParquetFile(path)
    with file:
        yield file


def parquet_batches(file: Any, path: Path, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Yield record batches of an open file.

    Raises:
        DataError: the file is damaged.
    """
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


def _records(file: Any, names: Sequence[str], path: Path) -> Iterator[Record]:
    number = 0
    for batch in parquet_batches(file, path, list(names)):
        values = [arrow_values(batch.column(name)) for name in names]
        for fields in zip(*values, strict=True):
            number += 1
            found = (not_utf8(value) for value in fields if isinstance(value, str))
            yield number, "", fields, next(filter(None, found), "")
