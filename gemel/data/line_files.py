"""JSON Lines, and plain text with a question a line."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec

from gemel.data.base import LONGEST, Record, Table
from gemel.data.column_layout import Places, QuestionPlaces, find_asked
from gemel.data.columns import AskedColumns, Columns
from gemel.data.labels import Labels
from gemel.data.sources import BYTE_ORDER_MARK, Source, opened
from gemel.errors import DataError

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


@contextmanager
def open_json_lines(source: Source, columns: AskedColumns) -> Iterator[Table]:
    """Open a file with a JSON object a line; blank lines are skipped.

    Raises:
        DataError: the file is empty.
    """
    with opened(source, newline="\n") as stream:
        first = stream.readline()
        mark = BYTE_ORDER_MARK if first.startswith(BYTE_ORDER_MARK) else ""
        if not first.strip(BYTE_ORDER_MARK):
            raise DataError("is empty; expected a JSON object on every line", path=source.path)
        lines = chain([first.removeprefix(mark)], stream)
        objects = Objects(columns)
        yield Table(_records(lines), objects.read, mark, objects.labels)


def _records(lines: Iterable[str]) -> Iterator[Record]:
    decode = msgspec.json.Decoder().decode
    for line, raw in enumerate(lines, 1):
        if raw.isspace():
            continue
        fields, problem = None, ""
        if len(raw) > LONGEST:
            problem = f"has {len(raw):,} characters; expected {LONGEST:,} at most"
        try:
            fields = None if problem else decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
            problem = f"is not JSON ({error}); expected an object"
            if _HALF.search(raw):
                problem += " (an escape from \\ud800 to \\udfff is half a character)"
        if not problem and not isinstance(fields, dict):
            problem = f"is {raw.strip()!r:.40}; expected a JSON object"
        yield line, raw, fields, problem


class Objects:
    """Reads objects, whose keys may differ."""

    def __init__(self, columns: AskedColumns, classes: Mapping[str, Sequence[str]] | None = None):
        self.columns = columns
        self.classes = classes or {}
        self.labels = Labels(columns.same if isinstance(columns, Columns) else None)
        self.known: dict[tuple[str, ...], Places | QuestionPlaces] = {}

    def read(self, fields: dict[str, Any], line: int) -> tuple[Any, ...]:
        """Return the pairs or questions of an object.

        Raises:
            BadRowError: it does not fit.
        """
        keys = tuple(fields)
        places = self.known.get(keys)
        if places is None:
            places = find_asked(keys, self.columns)
            if isinstance(places, Places):
                places = replace(places, labels=self.labels)
                places.use_classes(self.classes)
            if len(self.known) < _KEPT:
                self.known[keys] = places
        return places.read(list(fields.values()), line)


_KEPT = 1000
"""Key sets in the cache."""


@contextmanager
def open_lines(source: Source) -> Iterator[Table]:
    """Open a file with a question a line; blank lines are skipped.

    Raises:
        DataError: the file is empty.
    """
    with opened(source, newline="\n") as stream:
        first = stream.readline()
        if not first.strip(BYTE_ORDER_MARK):
            raise DataError("is empty; expected a question on every line", path=source.path)
        yield Table(_records_lines(first, stream), QuestionPlaces(("question",), 0).read)


def _records_lines(first: str, stream: Iterator[str]) -> Iterator[Record]:
    raw, line = first.removeprefix(BYTE_ORDER_MARK), 1
    while raw:
        if not raw.isspace():
            problem = ""
            if len(raw) > LONGEST:
                problem = f"has {len(raw):,} characters; expected {LONGEST:,} at most"
            yield line, raw, [raw.rstrip("\r\n")], problem
        raw, line = next(stream, ""), line + 1
