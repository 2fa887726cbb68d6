"""Python rows, frames and Parquet files as tables; pyarrow is imported on use."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gemel.data import frames
from gemel.data.bad_rows import BadRowError
from gemel.data.column_layout import Layout, Places, QuestionPlaces, Record, Table, shown
from gemel.data.columns import AskedColumns, Columns, QuestionColumns, UnlabelledColumns
from gemel.data.encodings import not_utf8
from gemel.data.frames import Frame, plain
from gemel.data.line_files import Objects
from gemel.data.pairs import QuestionPair
from gemel.data.sources import Source
from gemel.errors import DataError, MissingExtraError

_ROWS = 1 << 14
"""Rows of a Parquet file read at a time."""
_SIDES = ("left", "right", "label")


@contextmanager
def open_rows(source: Source, columns: AskedColumns) -> Iterator[Table]:
    """Open a frame or rows, counted from 1; pairs that have a line keep it.

    Rows are mappings, or tuples: left, right, label, unless `columns` gives positions. A question
    may be a text; its index is its id.
    """
    if frames.is_frame(source.rows):
        frame = frames.frame_of(source.rows)
        read = frame.read

        def read_plain(places: Sequence[int]) -> Iterator[list[list[Any]]]:
            for part in read(places):
                yield [list(map(plain, column)) for column in part]

        yield _frame_table(frame._replace(read=read_plain), _by_name(columns), source)
    else:
        reader = _Reader(columns, frames.classes_of(source.rows))
        yield Table(_numbered(frames.each_row(source.rows)), reader.read, reader.labels)


def _frame_table(frame: Frame, columns: AskedColumns, source: Source) -> Table:
    """Return the used columns of a frame as a table."""
    try:
        used = columns.find(frame.names).used
    except BadRowError as error:
        raise source.error(str(error)) from error
    layout = columns.find([frame.names[place] for place in used])
    layout.use_classes(frame.classes)
    return Table(_records(frame.read(used)), layout.read, layout.labels)


def _records(parts: Iterable[list[list[Any]]]) -> Iterator[Record]:
    number = 0
    for columns in parts:
        for fields in zip(*columns, strict=True):
            number += 1
            yield number, "", fields, _broken_text(fields)


def _numbered(rows: Iterable[Any]) -> Iterator[Record]:
    for number, row in enumerate(rows, 1):
        yield (row.line if isinstance(row, QuestionPair) else number), "", row, ""


def _by_name(columns: AskedColumns) -> AskedColumns:
    """Treat numbers as names, as pandas does."""
    changes: dict[str, Any] = {
        name: str(column)
        for name in (*columns.required, "id")
        if isinstance(column := getattr(columns, name, None), int)
    }
    if isinstance(columns, QuestionColumns):
        changes["kept"] = tuple(map(str, columns.kept))
    return dataclasses.replace(columns, **changes)


def _broken_text(values: Iterable[Any]) -> str:
    found = (not_utf8(value) for value in values if isinstance(value, str))
    return next(filter(None, found), "")


def _require_text(values: Iterable[Any]) -> None:
    if problem := _broken_text(values):
        raise BadRowError(problem)


class _Reader:
    """Reads rows of any kind."""

    def __init__(self, columns: AskedColumns, classes: Mapping[str, Sequence[str]]):
        self.columns = columns
        self.objects = Objects(_by_name(columns), classes)
        self.labels = self.objects.labels

    def read(self, row: Any, line: int) -> tuple[Any, ...]:
        row = plain(row)
        if hasattr(row, "_asdict") and not isinstance(row, QuestionPair):  # a named tuple
            row = row._asdict()
        if isinstance(row, Mapping):
            named = {str(name): plain(value) for name, value in row.items()}
            _require_text(named.values())
            return self.objects.read(named, line)
        is_question = isinstance(self.columns, QuestionColumns)
        if is_question and (row is None or isinstance(row, str)):
            _require_text([row])
            (question,) = QuestionPlaces(("question",), 0).read([row], line)
            return (question._replace(id=str(line - 1)),)
        if isinstance(row, list | tuple):
            values = [plain(value) for value in row]
            _require_text(values)
            return self._layout(row).read(values, line)
        wanted = "a text" if is_question else "(left, right, label)"
        raise BadRowError(f"is {shown(row)}; expected {wanted}, or a mapping")

    def _layout(self, row: Sequence[Any]) -> Layout:
        if isinstance(row, QuestionPair):
            return Places(row._fields, 0, 1, 2)
        if not self.columns.is_open or not isinstance(self.columns, Columns):
            layout = self.columns.find_numbered(len(row))
            return dataclasses.replace(layout, labels=self.labels)
        if isinstance(self.columns, UnlabelledColumns):
            return Places(_SIDES[: max(len(row), 2)], 0, 1)
        return Places(_SIDES, 0, 1, 2, labels=self.labels)


@contextmanager
def open_parquet(source: Source, columns: AskedColumns) -> Iterator[Table]:
    """Open a Parquet file; only used columns are read."""
    with parquet_file(source.path) as file:
        names = file.schema_arrow.names

        def read(places: Sequence[int]) -> Iterator[list[list[Any]]]:
            used = [names[place] for place in places]
            for batch in parquet_batches(file, source.path, used):
                yield [frames.arrow_values(batch.column(name)) for name in used]

        frame = Frame(tuple(names), read, frames.class_names(file.schema_arrow))
        yield _frame_table(frame, columns, source)


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
