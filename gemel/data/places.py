"""From the fields of a row to its pairs: the same for every format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gemel.data.bad_rows import BadRowError
from gemel.data.pairs import QuestionPair

__all__ = ["Places", "label_of"]

_LABELS = {"0": False, "1": True, "false": False, "true": True, "0.0": False, "1.0": True}


@dataclass(frozen=True, slots=True)
class Places:
    """Where in a row its questions are, counted from 0."""

    names: tuple[str, ...]
    """What the fields are called; every row has as many."""
    left: int
    right: int
    label: int | None = None
    """None: left and right ask the same."""
    negative: int | None = None
    """A question that asks something else than left."""
    same: int = 1
    """The label, 0 or 1, of pairs that ask the same."""

    def read(self, fields: Sequence[Any], line: int) -> tuple[QuestionPair, ...]:
        """Make the pairs of a row.

        Args:
            fields: its values.
            line: where it begins.

        Raises:
            BadRowError: the row does not fit.
        """
        if len(fields) != len(self.names):
            raise BadRowError(f"has {len(fields)} columns; expected {len(self.names)}")
        left, right = fields[self.left], fields[self.right]
        if type(left) is not str or type(right) is not str:
            raise self._no_text(fields, self.left, self.right)
        if self.label is not None:
            is_duplicate = label_of(fields[self.label]) == self.same
            return (QuestionPair(left, right, is_duplicate, line),)
        positive = QuestionPair(left, right, True, line)
        negative = None if self.negative is None else fields[self.negative]
        if negative is None or negative == "":
            return (positive,)
        if type(negative) is not str:
            raise self._no_text(fields, self.negative)
        return positive, QuestionPair(left, negative, False, line)

    def narrowed(self) -> "Places":
        """Give the places if a row has only the columns that are used."""
        third = self.negative if self.label is None else self.label
        used = [self.left, self.right] if third is None else [self.left, self.right, third]
        names = tuple(self.names[place] for place in used)
        label = None if self.label is None else 2
        negative = None if self.negative is None else 2
        return Places(names, 0, 1, label, negative, self.same)

    def _no_text(self, fields: Sequence[Any], *places: int | None) -> BadRowError:
        wrong = next(
            place for place in places if place is not None and type(fields[place]) is not str
        )
        found = "null" if fields[wrong] is None else f"{fields[wrong]!r:.40}"
        return BadRowError(f"has {found} as {self.names[wrong]}; expected a text")


def label_of(value: Any) -> bool:
    """Read a label: 0, 1, false or true, as text or as itself.

    Raises:
        BadRowError: it is something else.
    """
    found = None
    if isinstance(value, str):
        found = _LABELS.get(value)
        if found is None:
            found = _LABELS.get(value.strip().lower())
    elif value == 0 or value == 1:
        found = bool(value)
    if found is None:
        shown = "null" if value is None else f"{value!r:.40}"
        raise BadRowError(f"has the label {shown}; expected 0 or 1{_hint(value)}")
    return found


def _hint(value: Any) -> str:
    try:
        float(value)
    except (TypeError, ValueError):
        return ""
    return " (turn a graded similarity into 0 and 1 first)"
