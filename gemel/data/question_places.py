"""Single questions: where in a row they are, and making one of its fields."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gemel.data.bad_rows import BadRowError
from gemel.data.columns import ID_NAMES, QUESTION_NAMES, QuestionColumns, place_number

__all__ = ["Question", "QuestionPlaces", "find_question", "numbered_question"]


class Question(NamedTuple):
    """A question of a file."""

    text: str
    id: str
    """What it is called elsewhere; the number of its line, where the file has no ids."""
    line: int
    """Line it begins on, from 1; in Parquet, which has no lines, its row."""
    kept: Mapping[str, str | int | float | bool | None] = {}
    """What the columns that were asked for along with it hold, by their names."""


@dataclass(frozen=True, slots=True)
class QuestionPlaces:
    """Where in a row its question and its id are, counted from 0."""

    names: tuple[str, ...]
    """What the fields are called; every row has as many."""
    question: int
    id: int | None = None
    kept: tuple[int, ...] = ()

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
        kept = {self.names[place]: fields[place] for place in self.kept}
        for column, value in kept.items():
            _require_plain(column, value)
        if self.id is None:
            return (Question(text, str(line), line, kept),)
        name = fields[self.id]
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            raise BadRowError(
                f"has {_shown(name)} as {self.names[self.id]}; expected a text or a whole number"
            )
        return (Question(text, str(name), line, kept),)

    def narrowed(self) -> "QuestionPlaces":
        """Give the places if a row has only the columns that are used."""
        used = [self.question, *([] if self.id is None else [self.id]), *self.kept]
        order = {place: number for number, place in enumerate(dict.fromkeys(used))}
        return QuestionPlaces(
            tuple(self.names[place] for place in order),
            0,
            None if self.id is None else order[self.id],
            tuple(order[place] for place in self.kept),
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
    kept = (_find("keep", each, (), names, by_number=by_number) for each in columns.kept)
    places = tuple(place for place in kept if place is not None)
    return QuestionPlaces(tuple(names), question, found, places)


def numbered_question(width: int, columns: QuestionColumns) -> QuestionPlaces:
    """Find the columns of a file without a header; of one column none need be given.

    Raises:
        BadRowError: the question is not given by its place, or there is no such place.
    """
    names = [f"column {number}" for number in range(1, width + 1)]
    if width == 1 and not columns.is_told:
        return QuestionPlaces(tuple(names), 0)
    given = [columns.question, columns.id, *columns.kept]
    named = [each for each in given if each is not None and place_number(each) is None]
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


def _require_plain(column: str, value: Any) -> None:
    """Refuse what is no plain value, and numbers that JSON does not know."""
    plain = value is None or isinstance(value, str | int | float)
    if not plain or (isinstance(value, float) and not math.isfinite(value)):
        raise BadRowError(
            f"has {_shown(value)} as {column}; expected a text, a number, or yes or no"
        )


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names)[:200]
    return shown if shown.isprintable() else repr(shown)


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value!r:.40}"
