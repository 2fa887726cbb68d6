"""Rows of all formats, and which of their columns make pairs or questions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from gemel.data.bad_rows import BadRowError
from gemel.data.labels import Labels
from gemel.data.metadata_types import Value, as_type, plain_value
from gemel.data.pairs import QuestionPair

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
    labels: Labels | None = None
    header: str = ""
    """Text before the first row: byte-order mark, `sep=` line and header."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns in a row, from 0."""

    names: tuple[str, ...]
    """Names of all columns."""
    labels: Labels = field(default_factory=Labels, kw_only=True)
    """Reader of the file's labels."""

    @property
    def used(self) -> list[int]:
        """Columns that are read."""
        raise NotImplementedError

    def read(self, fields: Sequence[Any], line: int) -> tuple[Any, ...]:
        """Return the pairs or the question of a row, or raise `BadRowError`."""
        raise NotImplementedError

    def use_classes(self, names: Mapping[str, Sequence[str]]) -> None:
        """Read labels as numbers of classes, if the label column has class names."""

    def _require_width(self, fields: Sequence[Any]) -> None:
        if len(fields) != len(self.names):
            raise BadRowError(f"has {len(fields)} columns; expected {len(self.names)}")

    def _error(self, place: int, value: Any, expected: str) -> BadRowError:
        return BadRowError(f"has {shown(value)} as {self.names[place]}; {expected}")


@dataclass(frozen=True, slots=True)
class Places(Layout):
    """Columns of a pair."""

    left: int
    right: int
    label: int | None = None
    """None: the pair is a duplicate."""
    negative: int | None = None
    """A question that is no duplicate of left."""

    @property
    def used(self) -> list[int]:
        """See `Layout`."""
        places = self.left, self.right, self.label, self.negative
        return [place for place in places if place is not None]

    def read(self, fields: Sequence[Any], line: int) -> tuple[QuestionPair, ...]:
        """See `Layout`."""
        self._require_width(fields)
        left, right = fields[self.left], fields[self.right]
        if type(left) is not str or type(right) is not str:
            place = self.right if type(left) is str else self.left
            raise self._error(place, fields[place], "expected a text")
        if self.label is not None:
            is_duplicate = self.labels.read(fields[self.label])
            return (QuestionPair(left, right, is_duplicate, line),)
        positive = QuestionPair(left, right, True, line)
        if self.negative is None or (negative := fields[self.negative]) in (None, ""):
            return (positive,)
        if type(negative) is not str:
            raise self._error(self.negative, negative, "expected a text")
        return positive, QuestionPair(left, negative, False, line)

    def use_classes(self, names: Mapping[str, Sequence[str]]) -> None:
        """See `Layout`."""
        if self.label is not None and self.names[self.label] in names:
            self.labels.use_classes(names[self.names[self.label]])


class QuestionRow(NamedTuple):
    """A question of a file."""

    text: str
    id: str
    """Its id; the line number where the file has no ids."""
    line: int
    """First line, from 1; in Parquet the row."""
    kept: Mapping[str, Value] = {}
    """Values of metadata columns by name."""
    declared: frozenset[str] = frozenset()
    """Metadata columns with a given type; others of a text file have text."""


@dataclass(frozen=True, slots=True)
class QuestionPlaces(Layout):
    """Columns of a question."""

    question: int
    id: int | None = None
    kept: tuple[int, ...] = ()
    types: Mapping[int, str] = field(default_factory=dict)
    """Given types of metadata columns."""

    @property
    def used(self) -> list[int]:
        """See `Layout`."""
        places = self.question, self.id, *self.kept
        return [place for place in dict.fromkeys(places) if place is not None]

    def read(self, fields: Sequence[Any], line: int) -> tuple[QuestionRow]:
        """See `Layout`."""
        self._require_width(fields)
        text = fields[self.question]
        if type(text) is not str:
            raise self._error(self.question, text, "expected a text")
        kept = {self.names[place]: self._metadata(place, fields[place]) for place in self.kept}
        name = line if self.id is None else fields[self.id]
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            raise self._error(self.id or 0, name, "expected a text or a whole number")
        declared = frozenset(self.names[place] for place in self.types)
        return (QuestionRow(text, str(name), line, kept, declared),)

    def _metadata(self, place: int, value: Any) -> Value:
        try:
            value = plain_value(value, nan_is_none=True)
            return as_type(value, self.types[place]) if place in self.types else value
        except ValueError as error:
            raise self._error(place, value, str(error)) from error


def shown(value: Any) -> str:
    """Return a value for an error."""
    return "null" if value is None else f"{value!r:.40}"
