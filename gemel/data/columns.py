"""Requested columns of a file, and their usual names."""

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
"""Usual names of the question column."""
ID_NAMES = ("id", "question_id", "qid")
"""Usual names of the id column."""


@dataclass(frozen=True, kw_only=True)
class AskedColumns:
    """Options for reading a file."""

    header: bool | None = None
    """Whether a CSV or TSV file has a header; None: yes, unless columns are given by position."""
    quotes: bool = True
    """Whether quotes enclose fields of a CSV or TSV file."""
    delimiter: str | None = None
    """Separator of a CSV-like file: a character, or `comma`, `semicolon`, `tab`, `pipe` or `none`
    (one column); None: detected."""
    html: str = "auto"
    """HTML entities and tags in questions: `strip` removes them, `keep` leaves them, `auto` removes
    them where the file, or the field, looks like HTML."""

    item: ClassVar[str]
    """Content of a row."""

    def __post_init__(self) -> None:
        if self.html not in HTML_MODES:
            raise ConfigError(f"html must be {', '.join(HTML_MODES)}, not {self.html!r:.40}")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", as_separator(self.delimiter))

    @property
    def given(self) -> list[str | int | None]:
        """Requested columns."""
        raise NotImplementedError

    @property
    def is_told(self) -> bool:
        """Whether any column is requested."""
        return any(column is not None for column in self.given)

    def is_usual(self, names: Sequence[str]) -> bool:
        """Return whether the columns can be found by these names alone."""
        raise NotImplementedError

    def has_header(self, first: Sequence[str]) -> bool:
        """Return whether the first line is a header."""
        if self.header is not None:
            return self.header
        named = [column for column in self.given if column is not None]
        return not self.is_told or any(place_number(column) is None for column in named)


@dataclass(frozen=True, kw_only=True)
class Columns(AskedColumns):
    """Columns of the two questions and the label; None: the usual names.

    In a CSV or TSV file a column may be given by position, from 1: 2 or "2".
    """

    item = "pair"

    left: str | int | None = None
    """The first question."""
    right: str | int | None = None
    """The second question."""
    label: str | int | None = None
    """The label: 0 or 1, yes or no, or a known class name; see `known_label` and `same`."""
    same: str | int | None = None
    """Label of duplicates; all others must then have one other label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.same is not None and not str(self.same).strip():
            raise ConfigError("same is empty; expected the label of pairs that ask the same")

    @property
    def is_inverted(self) -> bool:
        """Whether `same` is a label that is not known as that of duplicates."""
        return self.same is not None and known_label(self.same) is not True

    @property
    def given(self) -> list[str | int | None]:
        """Left, right, label."""
        return [self.left, self.right, self.label]

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """Usual names."""
        return _LAYOUTS

    def is_usual(self, names: Sequence[str]) -> bool:
        """Return whether the questions can be found by these names alone."""
        found = {name.strip() for name in names}
        return any(found.issuperset(layout) for layout in _PAIRS)


@dataclass(frozen=True, kw_only=True)
class UnlabelledColumns(Columns):
    """Columns of two questions without label; for `stream_unlabelled` alone."""

    is_stream: bool = False
    """Whether a first line without a usual name is a pair."""

    @classmethod
    def of(cls, columns: Columns, *, is_stream: bool) -> "UnlabelledColumns":
        """Drop the label."""
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
        """Usual names."""
        return _PAIRS

    def has_header(self, first: Sequence[str]) -> bool:
        """Return whether the first line is a header."""
        if self.is_stream and self.header is None and not self.is_told:
            return self.is_usual(first)
        return super().has_header(first)


@dataclass(frozen=True, kw_only=True)
class QuestionColumns(AskedColumns):
    """Columns of a question and its id; None: the usual names.

    Usual are `question`, `text` or `title`, and `id`, `question_id` or `qid`; the id may be
    missing. In a CSV or TSV file a column may be given by position, from 1: 2 or "2".
    """

    item = "question"

    question: str | int | None = None
    """The question."""
    id: str | int | None = None
    """Id column."""
    kept: tuple[str | int, ...] = ()
    """Metadata columns, with an optional type: `year:int`, `:float`, `:bool` or `:text`; a column
    of that whole name comes first."""

    @property
    def given(self) -> list[str | int | None]:
        """Question, id, metadata columns without types."""
        kept = (each if isinstance(each, int) else split_type(each)[0] for each in self.kept)
        return [self.question, self.id, *kept]

    def is_usual(self, names: Sequence[str]) -> bool:
        """Return whether one of these names is a usual name of the question."""
        return any(name.strip() in QUESTION_NAMES for name in names)


def place_number(column: str | int) -> int | None:
    """Parse a position, from 1; None: it is a name."""
    if isinstance(column, int):
        return column
    return int(column) if column.isascii() and column.isdigit() else None
