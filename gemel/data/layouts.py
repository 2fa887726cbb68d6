"""Which columns hold the questions and the label: those that are given, or a known layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from gemel.data.bad_rows import BadRowError
from gemel.data.places import Places
from gemel.errors import ConfigError

__all__ = ["Columns", "find_places", "numbered_places"]

_LAYOUTS = (
    ("question1", "question2", "is_duplicate"),  # Quora, Kaggle
    ("sentence1", "sentence2", "label"),  # GLUE
    ("question1", "question2", "label"),  # GLUE as Hugging Face has it
)
_ANCHOR, _POSITIVE, _NEGATIVE = _ANCHORED = ("anchor", "positive", "negative")
_USUAL_LABELS = {"is_duplicate", "label"}


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
    def has_header(self) -> bool:
        """Whether to expect a header."""
        if self.header is not None:
            return self.header
        named = [column for column in self.given if column is not None]
        return not named or any(_number(column) is None for column in named)


def find_places(names: Sequence[str], columns: Columns, *, by_number: bool = False) -> Places:
    """Find the columns among the names that a file has.

    Args:
        names: what its columns are called.
        columns: what is given.
        by_number: whether a number that is no name counts as a place.

    Raises:
        BadRowError: a column is not there, or there twice.
    """
    for layout in _LAYOUTS:
        both = zip(columns.given, layout, strict=True)
        wanted = [usual if own is None else own for own, usual in both]
        found = [_find(column, names, by_number=by_number) for column in wanted]
        left, right, label = found
        if left is not None and right is not None and label is not None:
            _refuse_doubles(names, [left, right, label])
            return Places(tuple(names), left, right, label, same=columns.same)
    if columns.given == [None] * 3 and _ANCHOR in names and _POSITIVE in names:
        if columns.same != 1:
            raise BadRowError(f"has {_ANCHOR} and {_POSITIVE} and no label that --same could mean")
        return _anchored(names)
    raise BadRowError(_missing(names, columns, by_number=by_number))


def numbered_places(width: int, columns: Columns) -> Places:
    """Find the columns of a file without a header.

    Args:
        width: how many it has.
        columns: what is given.

    Raises:
        BadRowError: not all three are given by place, or there is no such place.
    """
    names = [f"column {number}" for number in range(1, width + 1)]
    if any(column is None or _number(column) is None for column in columns.given):
        raise BadRowError(
            "is read without a header, where columns are known by place only; "
            "give all three, for example --left 1 --right 2 --label 3"
        )
    found = [_find(column, names, by_number=True) for column in columns.given if column is not None]
    left, right, label = found
    if left is None or right is None or label is None:
        raise BadRowError(_missing(names, columns, by_number=True))
    _refuse_doubles(names, [left, right, label])
    return Places(tuple(names), left, right, label, same=columns.same)


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


def _number(column: str | int) -> int | None:
    if isinstance(column, int):
        return column
    return int(column) if column.isascii() and column.isdigit() else None


def _find(column: str | int, names: Sequence[str], *, by_number: bool) -> int | None:
    if isinstance(column, str) and column in names:
        return names.index(column)
    number = _number(column) if by_number else None
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
        usual = [", ".join(layout) for layout in (*_LAYOUTS, _ANCHORED[:2])]
        problem = f"has no columns {' or '.join(usual)}"
    shown = ", ".join(names)[:200]
    shown = shown if shown.isprintable() else repr(shown)
    return f"{problem}; it has: {shown}; name them with --left, --right and --label"
