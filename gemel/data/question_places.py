"""Single questions: where in a row they are, and making one of its fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gemel.data.bad_rows import BadRowError
from gemel.data.columns import ID_NAMES, QUESTION_NAMES, QuestionColumns, place_number
from gemel.data.metadata_types import METADATA_TYPES, Value, as_type, plain_value, split_type


class Question(NamedTuple):
    """A question of a file."""

    text: str
    id: str
    """What it is called elsewhere; the number of its line, where the file has no ids."""
    line: int
    """Line it begins on, from 1; in Parquet, which has no lines, its row."""
    kept: Mapping[str, Value] = {}
    """What the columns that were asked for along with it hold, by their names."""
    declared: frozenset[str] = frozenset()
    """Those of them whose type was given; others of a text file hold its cells as text."""


@dataclass(frozen=True, slots=True)
class QuestionPlaces:
    """Where in a row its question and its id are, counted from 0."""

    names: tuple[str, ...]
    """What the fields are called; every row has as many."""
    question: int
    id: int | None = None
    kept: tuple[int, ...] = ()
    types: Mapping[int, str] = field(default_factory=dict)
    """Types of those that are kept, where one was given."""

    def read(self, fields: Sequence[Any], line: int) -> tuple[Question]:
        """Make the question of a row.

        Args:
            fields: its values.
            line: where it begins.

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
            return (Question(text, str(line), line, kept, declared),)
        name = fields[self.id]
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            raise BadRowError(
                f"has {_shown(name)} as {self.names[self.id]}; expected a text or a whole number"
            )
        return (Question(text, str(name), line, kept, declared),)

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
        """Give the places if a row has only the columns that are used."""
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
    """Find the columns among the names that a file has.

    Raises:
        BadRowError: a column is not there, or there twice, or several could be meant.
    """
    question = _find("question", columns.question, QUESTION_NAMES, names, by_number=by_number)
    if question is None:
        advice = "name it with --question"
        if by_number:
            advice += "; or, if this first line is a question and no header, add --no-header"
        raise BadRowError(
            f"has no column {' or '.join(QUESTION_NAMES)}; it has: {_list(names)}; {advice}"
        )
    found = _find("id", columns.id, ID_NAMES, names, by_number=by_number)
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
    """Find a column that is kept, and its type; a name that has a colon itself comes first."""
    name, given = (column, None) if column in names else split_type(str(column))
    try:
        place = _find("keep", name, (), names, by_number=by_number)
    except BadRowError as error:
        before = str(name).rpartition(":")[0]
        if before not in names:
            raise
        raise BadRowError(f"{error}; the types are {', '.join(METADATA_TYPES)}") from error
    if place is None:
        raise BadRowError("cannot keep a column without a name")
    return place, given


def numbered_question(width: int, columns: QuestionColumns) -> QuestionPlaces:
    """Find the columns of a file without a header; of one column none need be given.

    Raises:
        BadRowError: the question is not given by its place, or there is no such place.
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


def _find(
    what: str,
    given: str | int | None,
    usual: Sequence[str],
    names: Sequence[str],
    *,
    by_number: bool,
) -> int | None:
    """Find one column; None if it was not given and has none of its usual names."""
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
