"""What every format gives: its rows unchanged, and how to read them as pairs."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from gemel.data.labels import Labels

LONGEST = 1 << 24
"""Characters that a field of CSV or TSV, or a line of JSON, may have: more is a quote or a line
that no one ended, and would fill the memory."""


Record: TypeAlias = tuple[int, str, Any, str]
"""A row unchanged in a file: the line it begins on, from 1, or in Parquet, which has no lines,
its number; its very text, line end included, none in Parquet; its values, in the form that the
table's `read` takes; why its format cannot read it, if so. A plain tuple is made in half the time.
"""


class Table(NamedTuple):
    """An open file of rows."""

    records: Iterator[Record]
    read: Callable[[Any, int], tuple[Any, ...]]
    """Makes of a record's fields and line what the columns hold, pairs or questions;
    `BadRowError` if they do not fit."""
    header: str = ""
    """The very text before the first row: byte-order mark, `sep=` line and header, as far as they
    are there."""
    labels: Labels | None = None
    """Reads the labels, where there are any."""
