"""Requested columns of a file, and where they are in it."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gemel.data.bad_rows import BadRowError
from gemel.data.column_layout import Layout, Places, QuestionPlaces
from gemel.data.labels import Labels, known_label
from gemel.data.metadata_types import METADATA_TYPES, split_type
from gemel.errors import ConfigError

_ANCHOR, _POSITIVE, _NEGATIVE = "anchor", "positive", "negative"
_PAIRS = (("question1", "question2"), ("sentence1", "sentence2"), (_ANCHOR, _POSITIVE))
_LABELLED = (
    ("question1", "question2", "is_duplicate"),  # Quora, Kaggle
    ("sentence1", "sentence2", "label"),  # GLUE
    ("question1", "question2", "label"),  # GLUE as Hugging Face has it
)
_QUESTION_NAMES = ("question", "text", "title")
_ID_NAMES = ("id", "question_id", "qid")
_REQUIRED = {1: "that of the question", 2: "both", 3: "all three"}
HTML_MODES = ("auto", "keep", "strip")

ALONE = "\x1f"
"""Separator of a file with one column."""
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
_SEPARATORS["none"] = ALONE


def as_separator(given: str) -> str:
    """Parse a character, or `comma`, `semicolon`, `tab`, `pipe`, `space` or `none`."""
    names = {**_SEPARATORS, "\\t": "\t"}
    found = names.get(given.strip().lower(), given)
    if len(found) != 1 or found.isalnum() or found in "\"'\r\n\0":
        expected = f"expected one character, or {', '.join(_SEPARATORS)}"
        raise ConfigError(f"{given!r:.40} is no delimiter; {expected}")
    return found


def separator_word(separator: str) -> str:
    """Return the shortest name that `as_separator` parses."""
    names = {character: name for name, character in _SEPARATORS.items()}
    return names.get(separator, separator)


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
    required: ClassVar[tuple[str, ...]]
    """Columns that every row must have."""
    usual: ClassVar[tuple[tuple[str, ...], ...]]
    """Usual names; one of these sets is enough to find the questions."""

    def __post_init__(self) -> None:
        if self.html not in HTML_MODES:
            raise ConfigError(f"html must be {', '.join(HTML_MODES)}, not {self.html!r:.40}")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", as_separator(self.delimiter))

    @property
    def given(self) -> list[str | int | None]:
        """Requested columns."""
        return [getattr(self, name) for name in self.required]

    @property
    def is_open(self) -> bool:
        """Whether no column is requested."""
        return all(column is None for column in self.given)

    def is_usual(self, names: Sequence[str]) -> bool:
        """Return whether the questions can be found by these names alone."""
        found = {name.strip() for name in names}
        return any(found.issuperset(each) for each in self.usual)

    def has_header(self, first: Sequence[str]) -> bool:
        """Return whether the first line is a header."""
        if self.header is not None:
            return self.header
        named = [column for column in self.given if column is not None]
        return not named or any(place_number(column) is None for column in named)

    def find(self, names: Sequence[str], *, by_number: bool = False) -> Layout:
        """Find the columns by the names of a file's header, or raise `BadRowError`.

        With `by_number` a number that is no name is a position.
        """
        raise NotImplementedError

    def find_numbered(self, width: int) -> Layout:
        """Find the columns of a file of `width` columns without a header.

        One or two columns need not be given, if there are no others.
        """
        columns = self
        if self.is_open and width == len(self.required) < 3:
            numbers: dict[str, Any] = {name: place for place, name in enumerate(self.required, 1)}
            columns = dataclasses.replace(self, **numbers)
        needed = [getattr(columns, name) for name in self.required]
        optional = [column for column in columns.given if column is not None]
        if any(column is None or place_number(column) is None for column in (*needed, *optional)):
            example = " ".join(f"--{name} {number}" for number, name in enumerate(self.required, 1))
            raise BadRowError(
                f"is read without a header and has {width} columns, known by place only; "
                f"give {_REQUIRED[len(self.required)]}, for example {example}"
            )
        return columns.find([f"column {number}" for number in range(1, width + 1)], by_number=True)


@dataclass(frozen=True, kw_only=True)
class Columns(AskedColumns):
    """Columns of the two questions and the label; None: the usual names.

    In a CSV or TSV file a column may be given by position, from 1: 2 or "2".
    """

    item = "pair"
    required: ClassVar[tuple[str, ...]] = ("left", "right", "label")
    usual = _PAIRS
    layouts: ClassVar[tuple[tuple[str, ...], ...]] = _LABELLED
    """Usual names of the required columns."""

    left: str | int | None = None
    right: str | int | None = None
    label: str | int | None = None
    """The label: 0 or 1, yes or no, or a known class name; see `known_label` and `same`."""
    same: str | int | None = None
    """Label of duplicates; all others must then have one other label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.same is not None and not str(self.same).strip():
            raise ConfigError("same is empty; expected the label of pairs that ask the same")

    def find(self, names: Sequence[str], *, by_number: bool = False) -> Places:
        """See `AskedColumns`."""
        for layout in self.layouts:
            both = zip(self.given, layout, strict=True)
            wanted = [usual if own is None else own for own, usual in both]
            found = [_find(column, names, by_number=by_number) for column in wanted]
            places = [place for place in found if place is not None]
            if len(places) == len(wanted):
                _refuse_doubles(names, places)
                return Places(tuple(names), *places, labels=Labels(self.same))
        if self.is_open and {_ANCHOR, _POSITIVE}.issubset(names):
            return self._find_anchored(names)
        raise BadRowError(self._missing(names, by_number=by_number))

    def _find_anchored(self, names: Sequence[str]) -> Places:
        if self.same is not None and known_label(self.same) is not True:
            raise BadRowError(f"has {_ANCHOR} and {_POSITIVE} and no label that --same could mean")
        for label in ("is_duplicate", "label"):
            if label in names:
                raise BadRowError(
                    f"has {_ANCHOR} and {_POSITIVE} and a label as well; to go by the label add "
                    f"--left {_ANCHOR} --right {_POSITIVE} --label {label}"
                )
        columns = (_ANCHOR, _POSITIVE, _NEGATIVE)
        places = [names.index(column) for column in columns if column in names]
        _refuse_doubles(names, places)
        left, right, *negative = places
        return Places(tuple(names), left, right, negative=negative[0] if negative else None)

    def _missing(self, names: Sequence[str], *, by_number: bool) -> str:
        given = (column for column in self.given if column is not None)
        missing = [column for column in given if _find(column, names, by_number=by_number) is None]
        *others, last = (f"--{name}" for name in self.required)
        advice = f"name them with {', '.join(others)} and {last}"
        if missing:
            problem = f"has no column {', '.join(map(str, missing))}"
        else:
            usual = dict.fromkeys((*self.layouts, (_ANCHOR, _POSITIVE)))
            problem = f"has no columns {' or '.join(map(', '.join, usual))}"
            if by_number and len(self.required) == 2:
                advice += "; or, if this first line is a pair and no header, add --no-header"
        return f"{problem}; it has: {_list(names)}; {advice}"


@dataclass(frozen=True, kw_only=True)
class UnlabelledColumns(Columns):
    """Columns of two questions without label; for `stream_unlabelled` alone."""

    required = ("left", "right")
    layouts = _PAIRS

    is_stream: bool = False
    """Whether a first line without a usual name is a pair."""

    def has_header(self, first: Sequence[str]) -> bool:
        """See `AskedColumns`."""
        if self.is_stream and self.header is None and self.is_open:
            return self.is_usual(first)
        return super().has_header(first)


@dataclass(frozen=True, kw_only=True)
class QuestionColumns(AskedColumns):
    """Columns of a question and its id; None: the usual names.

    Usual are `question`, `text` or `title`, and `id`, `question_id` or `qid`; the id may be
    missing. In a CSV or TSV file a column may be given by position, from 1: 2 or "2".
    """

    item = "question"
    required = ("question",)
    usual = tuple((name,) for name in _QUESTION_NAMES)

    question: str | int | None = None
    id: str | int | None = None
    kept: tuple[str | int, ...] = ()
    """Metadata columns, with an optional type: `year:int`, `:float`, `:bool` or `:text`; a column
    of that whole name comes first."""

    @property
    def given(self) -> list[str | int | None]:
        """Question, id, metadata columns without types."""
        kept = (each if isinstance(each, int) else split_type(each)[0] for each in self.kept)
        return [self.question, self.id, *kept]

    def find(self, names: Sequence[str], *, by_number: bool = False) -> QuestionPlaces:
        """See `AskedColumns`."""
        question = _find_one("question", self.question, _QUESTION_NAMES, names, by_number=by_number)
        if question is None:
            advice = "name it with --question"
            if by_number:
                advice += "; or, if this first line is a question and no header, add --no-header"
            usual = " or ".join(_QUESTION_NAMES)
            raise BadRowError(f"has no column {usual}; it has: {_list(names)}; {advice}")
        found = _find_one("id", self.id, _ID_NAMES, names, by_number=by_number)
        if found == question:
            raise BadRowError(f"cannot read two things from one column, {names[question]}")
        types: dict[int, str] = {}
        places = []
        for column in self.kept:
            place, given = _find_metadata(column, names, by_number=by_number)
            places.append(place)
            if given is not None and types.setdefault(place, given) != given:
                problem = f"both as {types[place]} and as {given}"
                raise BadRowError(f"cannot keep {names[place]} {problem}")
        return QuestionPlaces(tuple(names), question, found, tuple(dict.fromkeys(places)), types)


def place_number(column: str | int) -> int | None:
    """Parse a position, from 1; None: it is a name."""
    if isinstance(column, int):
        return column
    return int(column) if column.isascii() and column.isdigit() else None


def _find(column: str | int, names: Sequence[str], *, by_number: bool) -> int | None:
    if column in names:
        return names.index(str(column))
    number = place_number(column) if by_number else None
    return number - 1 if number is not None and 1 <= number <= len(names) else None


def _find_one(
    what: str,
    given: str | int | None,
    usual: Sequence[str],
    names: Sequence[str],
    *,
    by_number: bool,
) -> int | None:
    """Find one column; None if it was not given and has no usual name."""
    wanted = usual if given is None else [given]
    found = [name for name in names if name in wanted]
    if len(found) > 1:
        both = ", ".join(found)
        raise BadRowError(f"has several columns for the {what}: {both}; name one with --{what}")
    column = found[0] if found else given
    place = None if column is None else _find(column, names, by_number=by_number)
    if place is None and column is not None:
        raise BadRowError(f"has no column {column}; it has: {_list(names)}")
    return place


def _find_metadata(
    column: str | int, names: Sequence[str], *, by_number: bool
) -> tuple[int, str | None]:
    """Find a metadata column and its type; a column whose name has a colon comes first."""
    name, given = (column, None) if column in names else split_type(str(column))
    try:
        place = _find_one("keep", name, (), names, by_number=by_number)
    except BadRowError as error:
        if str(name).rpartition(":")[0] not in names:
            raise
        raise BadRowError(f"{error}; the types are {', '.join(METADATA_TYPES)}") from error
    if place is None:
        raise BadRowError("cannot keep a column without a name")
    return place, given


def _refuse_doubles(names: Sequence[str], places: list[int]) -> None:
    for place in places:
        name = names[place]
        if places.count(place) > 1:
            raise BadRowError(f"cannot read two things from one column, {name}")
        if names.count(name) > 1:
            raise BadRowError(f"has {names.count(name)} columns named {name}")


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names)[:200]
    return shown if shown.isprintable() else repr(shown)
