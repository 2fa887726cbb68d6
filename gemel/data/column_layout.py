"""Detect the columns of a file, and turn rows into pairs or questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gemel.data.bad_rows import BadRowError
from gemel.data.columns import (
    ID_NAMES,
    QUESTION_NAMES,
    AskedColumns,
    Columns,
    QuestionColumns,
    place_number,
)
from gemel.data.labels import Labels
from gemel.data.metadata_types import METADATA_TYPES, Value, as_type, plain_value, split_type
from gemel.data.pairs import QuestionPair


@dataclass(frozen=True, slots=True)
class Places:
    """Columns of a pair in a row, from 0."""

    names: tuple[str, ...]
    """Names of all columns."""
    left: int
    right: int
    label: int | None = None
    """None: the pair is a duplicate."""
    negative: int | None = None
    """A question that is no duplicate of left."""
    labels: Labels = field(default_factory=Labels)
    """Reader of the file's labels."""

    def read(self, fields: Sequence[Any], line: int) -> tuple[QuestionPair, ...]:
        """Return the pairs of a row.

        Raises:
            BadRowError: the row does not fit.
        """
        if len(fields) != len(self.names):
            raise BadRowError(f"has {len(fields)} columns; expected {len(self.names)}")
        left, right = fields[self.left], fields[self.right]
        if type(left) is not str or type(right) is not str:
            raise self._no_text(fields, self.left, self.right)
        if self.label is not None:
            is_duplicate = self.labels.read(fields[self.label])
            return (QuestionPair(left, right, is_duplicate, line),)
        positive = QuestionPair(left, right, True, line)
        negative = None if self.negative is None else fields[self.negative]
        if negative is None or negative == "":
            return (positive,)
        if type(negative) is not str:
            raise self._no_text(fields, self.negative)
        return positive, QuestionPair(left, negative, False, line)

    def use_classes(self, names: Mapping[str, Sequence[str]]) -> None:
        """Read labels as numbers of classes, if the label column has class names."""
        if self.label is not None and self.names[self.label] in names:
            self.labels.use_classes(names[self.names[self.label]])

    def narrowed(self) -> "Places":
        """Return the layout of rows with the used columns only."""
        third = self.negative if self.label is None else self.label
        used = [self.left, self.right] if third is None else [self.left, self.right, third]
        names = tuple(self.names[place] for place in used)
        label = None if self.label is None else 2
        negative = None if self.negative is None else 2
        return Places(names, 0, 1, label, negative, self.labels)

    def _no_text(self, fields: Sequence[Any], *places: int | None) -> BadRowError:
        wrong = next(
            place for place in places if place is not None and type(fields[place]) is not str
        )
        found = "null" if fields[wrong] is None else f"{fields[wrong]!r:.40}"
        return BadRowError(f"has {found} as {self.names[wrong]}; expected a text")


_ANCHOR, _POSITIVE, _NEGATIVE = _ANCHORED = ("anchor", "positive", "negative")
_USUAL_LABELS = {"is_duplicate", "label"}
_OPTIONS = ("left", "right", "label")


def find_places(names: Sequence[str], columns: Columns, *, by_number: bool = False) -> Places:
    """Find the columns by the names of a file's header.

    Args:
        names: names of all columns.
        columns: requested columns.
        by_number: whether a number that is no name is a position.

    Raises:
        BadRowError: a column is missing or repeated.
    """
    for layout in columns.layouts:
        both = zip(columns.given, layout, strict=True)
        wanted = [usual if own is None else own for own, usual in both]
        found = [_find(column, names, by_number=by_number) for column in wanted]
        if None not in found:
            return _places(names, found, columns)
    if columns.given == [None] * 3 and _ANCHOR in names and _POSITIVE in names:
        if columns.is_inverted:
            raise BadRowError(f"has {_ANCHOR} and {_POSITIVE} and no label that --same could mean")
        return _anchored(names)
    raise BadRowError(_missing(names, columns, by_number=by_number))


def numbered_places(width: int, columns: Columns) -> Places:
    """Find the columns of a file of `width` columns without a header.

    Raises:
        BadRowError: a position is missing or out of range.
    """
    given: Sequence[str | int | None] = columns.given
    if width == len(given) == 2 and not columns.is_told:
        given = (1, 2)
    names = [f"column {number}" for number in range(1, width + 1)]
    if any(column is None or place_number(column) is None for column in given):
        example = " ".join(f"--{name} {n}" for n, name in enumerate(_OPTIONS[: len(given)], 1))
        raise BadRowError(
            f"is read without a header and has {width} columns, known by place only; "
            f"give {'both' if len(given) == 2 else 'all three'}, for example {example}"
        )
    found = [_find(column, names, by_number=True) for column in given if column is not None]
    if None in found:
        raise BadRowError(_missing(names, columns, by_number=True))
    return _places(names, found, columns)


def _places(names: Sequence[str], found: Sequence[int | None], columns: Columns) -> Places:
    left, right, *label = places = [place for place in found if place is not None]
    _refuse_doubles(names, places)
    return Places(
        tuple(names), left, right, label[0] if label else None, labels=Labels(columns.same)
    )


def _anchored(names: Sequence[str]) -> Places:
    labels = sorted(_USUAL_LABELS.intersection(names))
    if labels:
        raise BadRowError(
            f"has {_ANCHOR} and {_POSITIVE} and a label as well; to go by the label add "
            f"--left {_ANCHOR} --right {_POSITIVE} --label {labels[0]}"
        )
    negative = names.index(_NEGATIVE) if _NEGATIVE in names else None
    left, right = names.index(_ANCHOR), names.index(_POSITIVE)
    _refuse_doubles(names, [left, right] if negative is None else [left, right, negative])
    return Places(tuple(names), left, right, None, negative)


def _find(column: str | int, names: Sequence[str], *, by_number: bool) -> int | None:
    if isinstance(column, str) and column in names:
        return names.index(column)
    number = place_number(column) if by_number else None
    return number - 1 if number is not None and 1 <= number <= len(names) else None


def _refuse_doubles(names: Sequence[str], places: list[int]) -> None:
    for place in places:
        name = names[place]
        if places.count(place) > 1:
            raise BadRowError(f"cannot read two things from one column, {name}")
        if names.count(name) > 1:
            raise BadRowError(f"has {names.count(name)} columns named {name}")


def _missing(names: Sequence[str], columns: Columns, *, by_number: bool) -> str:
    missing = [
        str(column)
        for column in columns.given
        if column is not None and _find(column, names, by_number=by_number) is None
    ]
    if missing:
        problem = f"has no column {', '.join(missing)}"
    else:
        usual = dict.fromkeys((*columns.layouts, _ANCHORED[:2]))
        problem = f"has no columns {' or '.join(map(', '.join, usual))}"
    shown = ", ".join(names)[:200]
    shown = shown if shown.isprintable() else repr(shown)
    advice = "name them with --left, --right and --label"
    if len(columns.given) == 2:
        advice = "name them with --left and --right"
        if by_number and not missing:
            advice += "; or, if this first line is a pair and no header, add --no-header"
    return f"{problem}; it has: {shown}; {advice}"


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
class QuestionPlaces:
    """Columns of a question in a row, from 0."""

    names: tuple[str, ...]
    """Names of all columns."""
    question: int
    id: int | None = None
    kept: tuple[int, ...] = ()
    types: Mapping[int, str] = field(default_factory=dict)
    """Given types of metadata columns."""

    def read(self, fields: Sequence[Any], line: int) -> tuple[QuestionRow]:
        """Return the question of a row.

        Raises:
            BadRowError: the row does not fit.
        """
        if len(fields) != len(self.names):
            raise BadRowError(f"has {len(fields)} columns; expected {len(self.names)}")
        text = fields[self.question]
        if type(text) is not str:
            raise BadRowError(f"has {_shown(text)} as {self.names[self.question]}; expected a text")
        kept = {self.names[place]: self._read_kept(place, fields[place]) for place in self.kept}
        declared = frozenset(self.names[place] for place in self.types)
        if self.id is None:
            return (QuestionRow(text, str(line), line, kept, declared),)
        name = fields[self.id]
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            raise BadRowError(
                f"has {_shown(name)} as {self.names[self.id]}; expected a text or a whole number"
            )
        return (QuestionRow(text, str(name), line, kept, declared),)

    def _read_kept(self, place: int, value: Any) -> Value:
        try:
            found = plain_value(value, nan_is_none=True)
        except ValueError as error:
            raise BadRowError(f"has {_shown(value)} as {self.names[place]}; {error}") from error
        if place not in self.types:
            return found
        try:
            return as_type(found, self.types[place])
        except ValueError as error:
            raise BadRowError(f"has {_shown(found)} as {self.names[place]}; {error}") from error

    def narrowed(self) -> "QuestionPlaces":
        """Return the layout of rows with the used columns only."""
        used = [self.question, *([] if self.id is None else [self.id]), *self.kept]
        order = {place: number for number, place in enumerate(dict.fromkeys(used))}
        return QuestionPlaces(
            tuple(self.names[place] for place in order),
            0,
            None if self.id is None else order[self.id],
            tuple(order[place] for place in self.kept),
            {order[place]: given for place, given in self.types.items()},
        )


def find_question(
    names: Sequence[str], columns: QuestionColumns, *, by_number: bool = False
) -> QuestionPlaces:
    """Find the columns by the names of a file's header.

    Raises:
        BadRowError: a column is missing, repeated or ambiguous.
    """
    question = _find_question_places(
        "question", columns.question, QUESTION_NAMES, names, by_number=by_number
    )
    if question is None:
        advice = "name it with --question"
        if by_number:
            advice += "; or, if this first line is a question and no header, add --no-header"
        raise BadRowError(
            f"has no column {' or '.join(QUESTION_NAMES)}; it has: {_list(names)}; {advice}"
        )
    found = _find_question_places("id", columns.id, ID_NAMES, names, by_number=by_number)
    if found == question:
        raise BadRowError(f"cannot read two things from one column, {names[question]}")
    types: dict[int, str] = {}
    places = []
    for column in columns.kept:
        place, given = _find_kept(column, names, by_number=by_number)
        places.append(place)
        if given is not None and types.setdefault(place, given) != given:
            raise BadRowError(f"cannot keep {names[place]} both as {types[place]} and as {given}")
    return QuestionPlaces(tuple(names), question, found, tuple(dict.fromkeys(places)), types)


def _find_kept(
    column: str | int, names: Sequence[str], *, by_number: bool
) -> tuple[int, str | None]:
    """Find a metadata column and its type; a column whose name has a colon comes first."""
    name, given = (column, None) if column in names else split_type(str(column))
    try:
        place = _find_question_places("keep", name, (), names, by_number=by_number)
    except BadRowError as error:
        before = str(name).rpartition(":")[0]
        if before not in names:
            raise
        raise BadRowError(f"{error}; the types are {', '.join(METADATA_TYPES)}") from error
    if place is None:
        raise BadRowError("cannot keep a column without a name")
    return place, given


def numbered_question(width: int, columns: QuestionColumns) -> QuestionPlaces:
    """Find the columns of a file without a header; a single column need not be given.

    Raises:
        BadRowError: a position is missing or out of range.
    """
    names = [f"column {number}" for number in range(1, width + 1)]
    if width == 1 and not columns.is_told:
        return QuestionPlaces(tuple(names), 0)
    named = [each for each in columns.given if each is not None and place_number(each) is None]
    if columns.question is None or named:
        raise BadRowError(
            f"is read without a header and has {width} columns, known by place only; "
            "give that of the question, for example --question 1"
        )
    return find_question(names, columns, by_number=True)


def _find_question_places(
    what: str,
    given: str | int | None,
    usual: Sequence[str],
    names: Sequence[str],
    *,
    by_number: bool,
) -> int | None:
    """Find one column; None if it was not given and has no usual name."""
    wanted = list(usual) if given is None else [given]
    found = [place for place, name in enumerate(names) if name in wanted]
    if len(found) > 1:
        both = ", ".join(names[place] for place in found)
        raise BadRowError(f"has several columns for the {what}: {both}; name one with --{what}")
    if found:
        return found[0]
    if given is None:
        return None
    number = place_number(given) if by_number else None
    if number is None or not 1 <= number <= len(names):
        raise BadRowError(f"has no column {given}; it has: {_list(names)}")
    return number - 1


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names)[:200]
    return shown if shown.isprintable() else repr(shown)


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value!r:.40}"


def find_asked(
    names: Sequence[str], columns: AskedColumns, *, by_number: bool = False
) -> Places | QuestionPlaces:
    """Find the columns by the names of a file's header; see `find_places`.

    Raises:
        BadRowError: a column is missing or repeated.
    """
    if isinstance(columns, QuestionColumns):
        return find_question(names, columns, by_number=by_number)
    if isinstance(columns, Columns):
        return find_places(names, columns, by_number=by_number)
    raise TypeError(f"asks for nothing: {columns!r}")


def numbered_asked(width: int, columns: AskedColumns) -> Places | QuestionPlaces:
    """Find the columns of a file of `width` columns without a header.

    Raises:
        BadRowError: a position is missing or out of range.
    """
    if isinstance(columns, QuestionColumns):
        return numbered_question(width, columns)
    if isinstance(columns, Columns):
        return numbered_places(width, columns)
    raise TypeError(f"asks for nothing: {columns!r}")
