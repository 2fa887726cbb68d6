"""JSON Lines, and plain text with a question a line; blank lines are skipped."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec

from gemel.data.column_layout import LONGEST, Layout, QuestionPlaces, Record, Table
from gemel.data.columns import AskedColumns
from gemel.data.labels import Labels
from gemel.data.sources import BYTE_ORDER_MARK, Source, opened
from gemel.errors import DataError

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_CACHED = 1000
"""Key sets in the cache."""


@contextmanager
def open_json_lines(source: Source, columns: AskedColumns) -> Iterator[Table]:
    """Open a file with a JSON object a line."""
    with _opened(source, "a JSON object") as (mark, lines):
        objects = Objects(columns)
        yield Table(_records(lines, _parse_json), objects.read, objects.labels, mark)


@contextmanager
def open_lines(source: Source) -> Iterator[Table]:
    """Open a file with a question a line."""
    with _opened(source, "a question") as (_, lines):
        records = _records(lines, lambda raw: ([raw.rstrip("\r\n")], ""))
        yield Table(records, QuestionPlaces(("question",), 0).read)


@contextmanager
def _opened(source: Source, content: str) -> Iterator[tuple[str, Iterator[str]]]:
    """Open a file, and return its byte-order mark and its lines."""
    with opened(source, newline="\n") as stream:
        first = stream.readline()
        if not first.strip(BYTE_ORDER_MARK):
            raise DataError(f"is empty; expected {content} on every line", path=source.path)
        mark = BYTE_ORDER_MARK if first.startswith(BYTE_ORDER_MARK) else ""
        yield mark, chain([first.removeprefix(mark)], stream)


def _records(lines: Iterable[str], parse: Callable[[str], tuple[Any, str]]) -> Iterator[Record]:
    for line, raw in enumerate(lines, 1):
        if raw.isspace():
            continue
        if len(raw) > LONGEST:
            problem = f"has {len(raw):,} characters; expected {LONGEST:,} at most"
            yield line, raw, None, problem
        else:
            yield line, raw, *parse(raw)


_DECODER = msgspec.json.Decoder()


def _parse_json(raw: str) -> tuple[Any, str]:
    """Return an object, and what is wrong."""
    try:
        fields = _DECODER.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        problem = f"is not JSON ({error}); expected an object"
        if _HALF.search(raw):
            problem += " (an escape from \\ud800 to \\udfff is half a character)"
        return None, problem
    is_object = isinstance(fields, dict)
    return fields, "" if is_object else f"is {raw.strip()!r:.40}; expected a JSON object"


class Objects:
    """Reads objects, whose keys may differ."""

    def __init__(self, columns: AskedColumns, classes: Mapping[str, Sequence[str]] | None = None):
        self.columns = columns
        self.classes = classes or {}
        self.labels = Labels(getattr(columns, "same", None))
        self.known: dict[tuple[str, ...], Layout] = {}

    def read(self, fields: dict[str, Any], line: int) -> tuple[Any, ...]:
        """Return the pairs or questions of an object, or raise `BadRowError`."""
        keys = tuple(fields)
        layout = self.known.get(keys)
        if layout is None:
            layout = replace(self.columns.find(keys), labels=self.labels)
            layout.use_classes(self.classes)
            if len(self.known) < _CACHED:
                self.known[keys] = layout
        return layout.read(list(fields.values()), line)
