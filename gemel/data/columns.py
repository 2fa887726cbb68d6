"""Which columns of a file are asked for, and what they are called where that is not said."""

from collections.abc import Sequence
from dataclasses import dataclass

from gemel.errors import ConfigError

__all__ = ["Columns", "QuestionColumns", "is_usual", "place_number"]

_LAYOUTS = (
    ("question1", "question2", "is_duplicate"),  # Quora, Kaggle
    ("sentence1", "sentence2", "label"),  # GLUE
    ("question1", "question2", "label"),  # GLUE as Hugging Face has it
)
_QUESTIONS = (("question1", "question2"), ("sentence1", "sentence2"), ("anchor", "positive"))


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold the two questions and the label; None means the names that are usual.

    In a CSV or TSV file a column may also be given by its place, counted from 1: 2 or "2".
    """

    left: str | int | None = None
    """The first question."""
    right: str | int | None = None
    """The second question."""
    label: str | int | None = None
    """The label, whose values are 0 and 1, or false and true; see `same`."""
    header: bool | None = None
    """Whether a CSV or TSV file has one; None: yes, unless columns are given by place alone."""
    quotes: bool = True
    """Whether quotes enclose fields of a CSV or TSV file; False: they are letters like others."""
    same: int = 1
    """The label that says that two questions ask the same, 0 or 1."""

    def __post_init__(self) -> None:
        if self.same not in (0, 1):
            raise ConfigError(f"the label of pairs that ask the same is 0 or 1, not {self.same}")

    @property
    def given(self) -> list[str | int | None]:
        """Left, right, label."""
        return [self.left, self.right, self.label]

    @property
    def is_told(self) -> bool:
        """Whether any of them is given."""
        return any(column is not None for column in self.given)

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """The usual names for them."""
        return _LAYOUTS

    def has_header(self, first: Sequence[str]) -> bool:
        """Say whether the fields of a first line are a header."""
        if self.header is not None:
            return self.header
        named = [column for column in self.given if column is not None]
        return not self.is_told or any(place_number(column) is None for column in named)


@dataclass(frozen=True, kw_only=True)
class QuestionColumns(Columns):
    """The columns of two questions; whether they ask the same is not asked.

    The pairs that are made are all called the same, so they are for `stream_questions` alone.
    """

    is_stream: bool = False
    """Whether a first line without a usual name is a pair, as is the way of pipes."""

    @classmethod
    def of(cls, columns: Columns, *, is_stream: bool) -> "QuestionColumns":
        """Leave out the label."""
        return cls(
            left=columns.left,
            right=columns.right,
            header=columns.header,
            quotes=columns.quotes,
            is_stream=is_stream,
        )

    @property
    def given(self) -> list[str | int | None]:
        """Left, right."""
        return [self.left, self.right]

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """The usual names for them."""
        return _QUESTIONS

    def has_header(self, first: Sequence[str]) -> bool:
        """Say whether the fields of a first line are a header."""
        if self.is_stream and self.header is None and not self.is_told:
            return is_usual(first)
        return super().has_header(first)


def is_usual(names: Sequence[str]) -> bool:
    """Say whether the questions can be told by these names alone."""
    found = {name.strip() for name in names}
    return any(found.issuperset(layout) for layout in _QUESTIONS)


def place_number(column: str | int) -> int | None:
    """Read a place, counted from 1; None: it is a name."""
    if isinstance(column, int):
        return column
    return int(column) if column.isascii() and column.isdigit() else None
