"""From the fields of a row to its pairs: the same for every format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gemel.data.bad_rows import BadRowError
from gemel.data.labels import Labels
from gemel.data.pairs import QuestionPair


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
    labels: Labels = field(default_factory=Labels)
    """Reads the labels; one for a whole file."""

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
        """Take the label for the number of a class, if its column has names of classes.

        Args:
            names: of the classes, by column.
        """
        if self.label is not None and self.names[self.label] in names:
            self.labels.use_classes(names[self.names[self.label]])

    def narrowed(self) -> "Places":
        """Give the places if a row has only the columns that are used."""
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
