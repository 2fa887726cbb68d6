"""Rows of all formats."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from gemel.data.labels import Labels

LONGEST = 1 << 24
"""Maximum length of a field or line: more is an unclosed quote, and would fill the memory."""


Record: TypeAlias = tuple[int, str, Any, str]
"""A row: its first line, from 1 (in Parquet its number); its text with line end, empty in Parquet;
its values for the table's `read`; and why it cannot be read, if so. A tuple for speed."""


class Table(NamedTuple):
    """An open file of rows."""

    records: Iterator[Record]
    read: Callable[[Any, int], tuple[Any, ...]]
    """Converts a record's fields and line to pairs or questions; raises `BadRowError`."""
    header: str = ""
    """Text before the first row: byte-order mark, `sep=` line and header."""
    labels: Labels | None = None
    """Reader of labels, where there are any."""
