"""Which columns of a file are asked for, and what they are called where that is not given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gemel.data.labels import known_label
from gemel.data.metadata_types import split_type
from gemel.data.separators import as_separator
from gemel.errors import ConfigError

_LAYOUTS = (
    ("question1", "question2", "is_duplicate"),  # Quora, Kaggle
    ("sentence1", "sentence2", "label"),  # GLUE
    ("question1", "question2", "label"),  # GLUE as Hugging Face has it
)
_PAIRS = (("question1", "question2"), ("sentence1", "sentence2"), ("anchor", "positive"))

HTML_MODES = ("auto", "keep", "strip")
QUESTION_NAMES = ("question", "text", "title")
"""Usual names of the column of a question."""
ID_NAMES = ("id", "question_id", "qid")
"""Usual names of the column of its id."""


@dataclass(frozen=True, kw_only=True)
class AskedColumns:
    """What is common to all that can be asked of a file."""

    header: bool | None = None
    """Whether a CSV or TSV file has one; None: yes, unless columns are given by place alone."""
    quotes: bool = True
    """Whether quotes enclose fields of a CSV or TSV file; False: they are letters like others."""
    delimiter: str | None = None
    """What separates the fields of a CSV-like file: a character, or `comma`, `semicolon`, `tab`,
    `pipe`, or `none` (one column); None: detected from its first rows."""
    html: str = "auto"
    """What happens to HTML entities and tags in questions: `strip` removes them, `keep` leaves
    them, `auto` removes them where the first rows, or the field itself, are HTML."""

    item: ClassVar[str]
    """What a row holds."""

    def __post_init__(self) -> None:
        if self.html not in HTML_MODES:
            raise ConfigError(f"html must be {', '.join(HTML_MODES)}, not {self.html!r:.40}")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", as_separator(self.delimiter))

    @property
    def given(self) -> list[str | int | None]:
        """The columns, as far as they were named."""
        raise NotImplementedError

    @property
    def is_told(self) -> bool:
        """Whether any of them is given."""
        return any(column is not None for column in self.given)

    def is_usual(self, names: Sequence[str]) -> bool:
        """Return whether the columns can be told by these names alone."""
        raise NotImplementedError

    def has_header(self, first: Sequence[str]) -> bool:
        """Return whether the fields of a first line are a header."""
        if self.header is not None:
            return self.header
        named = [column for column in self.given if column is not None]
        return not self.is_told or any(place_number(column) is None for column in named)


@dataclass(frozen=True, kw_only=True)
class Columns(AskedColumns):
    """Which columns hold the two questions and the label; None means the names that are usual.

    In a CSV or TSV file a column may also be given by its place, counted from 1: 2 or "2".
    """

    item = "pair"

    left: str | int | None = None
    """The first question."""
    right: str | int | None = None
    """The second question."""
    label: str | int | None = None
    """The label: 0 or 1, yes or no, or a usual name of a class; see `known_label` and `same`."""
    same: str | int | None = None
    """The label of pairs that ask the same; all others must then have one other label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.same is not None and not str(self.same).strip():
            raise ConfigError("same is empty; expected the label of pairs that ask the same")

    @property
    def is_inverted(self) -> bool:
        """Whether `same` is a label that does not state the same by itself."""
        return self.same is not None and known_label(self.same) is not True

    @property
    def given(self) -> list[str | int | None]:
        """Left, right, label."""
        return [self.left, self.right, self.label]

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """The usual names for them."""
        return _LAYOUTS

    def is_usual(self, names: Sequence[str]) -> bool:
        """Return whether the questions can be told by these names alone."""
        found = {name.strip() for name in names}
        return any(found.issuperset(layout) for layout in _PAIRS)


@dataclass(frozen=True, kw_only=True)
class UnlabelledColumns(Columns):
    """The columns of two questions; whether they ask the same is not asked.

    The pairs that are made are all called the same, so they are for `stream_unlabelled` alone.
    """

    is_stream: bool = False
    """Whether a first line without a usual name is a pair, as is the way of pipes."""

    @classmethod
    def of(cls, columns: Columns, *, is_stream: bool) -> "UnlabelledColumns":
        """Leave out the label."""
        return cls(
            left=columns.left,
            right=columns.right,
            header=columns.header,
            quotes=columns.quotes,
            delimiter=columns.delimiter,
            html=columns.html,
            is_stream=is_stream,
        )

    @property
    def given(self) -> list[str | int | None]:
        """Left, right."""
        return [self.left, self.right]

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """The usual names for them."""
        return _PAIRS

    def has_header(self, first: Sequence[str]) -> bool:
        """Return whether the fields of a first line are a header."""
        if self.is_stream and self.header is None and not self.is_told:
            return self.is_usual(first)
        return super().has_header(first)


@dataclass(frozen=True, kw_only=True)
class QuestionColumns(AskedColumns):
    """Which columns hold a question and its id; None means the names that are usual.

    Usual are `question`, `text` or `title`, and `id`, `question_id` or `qid`; there may be no id.
    In a CSV or TSV file a column may also be given by its place, counted from 1: 2 or "2".
    """

    item = "question"

    question: str | int | None = None
    """The question."""
    id: str | int | None = None
    """What it is called elsewhere."""
    kept: tuple[str | int, ...] = ()
    """Others whose values go along with the question. A type may follow the name: `year:int`,
    `:float`, `:bool` or `:text`; a column whose whole name it is comes first."""

    @property
    def given(self) -> list[str | int | None]:
        """Question, id, the others without their types."""
        kept = (each if isinstance(each, int) else split_type(each)[0] for each in self.kept)
        return [self.question, self.id, *kept]

    def is_usual(self, names: Sequence[str]) -> bool:
        """Return whether one of these names is that of a question."""
        return any(name.strip() in QUESTION_NAMES for name in names)


def place_number(column: str | int) -> int | None:
    """Read a place, counted from 1; None: it is a name."""
    if isinstance(column, int):
        return column
    return int(column) if column.isascii() and column.isdigit() else None
