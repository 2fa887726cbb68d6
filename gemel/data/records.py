"""What every format gives: its rows as they stand, and how to read them as pairs."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gemel.data.pairs import QuestionPair

__all__ = ["Record", "Table"]


class Record(NamedTuple):
    """A row as it stands in a file."""

    line: int
    """Line it begins on, from 1; in Parquet, which has no lines, its number."""
    raw: str
    """Its very text, line end included; empty in Parquet."""
    fields: Any
    """Its values, in the form that the table's `pairs` takes."""
    problem: str = ""
    """Why its format cannot read it, if so."""


class Table(NamedTuple):
    """An open file of rows."""

    records: Iterator[Record]
    pairs: Callable[[Any, int], tuple[QuestionPair, ...]]
    """Makes the pairs of a record's fields and line; `BadRowError` if they do not fit."""
    header: str = ""
    """The very text before the first row: header and byte-order mark, as far as they are there."""
