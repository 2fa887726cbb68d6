"""Frames and rows of Python as a table."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from gemel.data.bad_rows import BadRowError
from gemel.data.base import Record, Table
from gemel.data.column_layout import Places, QuestionPlaces, QuestionRow, find_asked, numbered_asked
from gemel.data.columns import AskedColumns, Columns, QuestionColumns, UnlabelledColumns
from gemel.data.encodings import not_utf8
from gemel.data.frames import classes_of, each_row, frame_of, is_frame, plain
from gemel.data.line_files import Objects
from gemel.data.pairs import QuestionPair
from gemel.data.sources import Source

_SIDES = ("left", "right", "label")


@contextmanager
def open_rows(source: Source, columns: AskedColumns) -> Iterator[Table]:
    """Open a frame or rows, counted from 1; pairs that have a line keep it.

    Rows are mappings, or tuples: left, right, label, unless `columns` gives positions. A question
    may be a text; its index is its id.

    Raises:
        DataError: missing columns.
    """
    if not is_frame(source.rows):
        reader = _Reader(columns, classes_of(source.rows))
        yield Table(_numbered(each_row(source.rows)), reader.read, labels=reader.labels)
        return
    frame = frame_of(source.rows)
    try:
        places = find_asked(frame.names, _by_name(columns)).narrowed()
    except BadRowError as error:
        raise source.error(str(error)) from error
    used = [frame.names.index(name) for name in places.names]
    labels = None
    if isinstance(places, Places):
        places.use_classes(frame.classes)
        labels = places.labels
    yield Table(_records(frame.read(used)), places.read, labels=labels)


def _by_name(columns: AskedColumns) -> AskedColumns:
    """Treat numbers as names, as pandas does."""
    changes: dict[str, Any] = {}
    for field in ("left", "right", "label", "question", "id"):
        if isinstance(getattr(columns, field, None), int):
            changes[field] = str(getattr(columns, field))
    if isinstance(columns, QuestionColumns):
        changes["kept"] = tuple(map(str, columns.kept))
    return dataclasses.replace(columns, **changes)


def _records(parts: Iterable[list[list[Any]]]) -> Iterator[Record]:
    number = 0
    for columns in parts:
        for fields in zip(*columns, strict=True):
            number += 1
            values = [plain(value) for value in fields]
            yield number, "", values, _broken_text(values)


def _numbered(rows: Iterable[Any]) -> Iterator[Record]:
    for number, row in enumerate(rows, 1):
        yield (row.line if isinstance(row, QuestionPair) else number), "", row, ""


def _broken_text(values: Iterable[Any]) -> str:
    found = (not_utf8(value) for value in values if isinstance(value, str))
    return next(filter(None, found), "")


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
            _require_whole(named.values())
            return self.objects.read(named, line)
        if isinstance(self.columns, QuestionColumns) and (row is None or isinstance(row, str)):
            _require_whole([row])
            (question,) = QuestionPlaces(("question",), 0).read([row], line)
            return (QuestionRow(question.text, str(line - 1), line),)
        if isinstance(row, list | tuple):
            values = [plain(value) for value in row]
            _require_whole(values)
            if isinstance(row, QuestionPair):
                return Places(row._fields, 0, 1, 2).read(values, line)
            return self._places(len(values)).read(values, line)
        wanted = "a text" if isinstance(self.columns, QuestionColumns) else "(left, right, label)"
        shown = "null" if row is None else f"{row!r:.40}"
        raise BadRowError(f"is {shown}; expected {wanted}, or a mapping")

    def _places(self, width: int) -> Places | QuestionPlaces:
        columns = self.columns
        if columns.is_told or not isinstance(columns, Columns):
            places = numbered_asked(width, columns)
            if isinstance(places, Places):
                places = dataclasses.replace(places, labels=self.labels)
            return places
        if isinstance(columns, UnlabelledColumns):
            names: Sequence[str] = _SIDES[: min(max(width, 2), len(_SIDES))]
            return Places(tuple(names), 0, 1)
        return Places(_SIDES, 0, 1, 2, labels=self.labels)


def _require_whole(values: Iterable[Any]) -> None:
    problem = _broken_text(values)
    if problem:
        raise BadRowError(problem)
