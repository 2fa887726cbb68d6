"""Where in a file its columns are: those that are given, or a known layout."""

from collections.abc import Sequence

from gemel.data.bad_rows import BadRowError
from gemel.data.columns import Columns, place_number
from gemel.data.labels import Labels
from gemel.data.places import Places

_ANCHOR, _POSITIVE, _NEGATIVE = _ANCHORED = ("anchor", "positive", "negative")
_USUAL_LABELS = {"is_duplicate", "label"}
_OPTIONS = ("left", "right", "label")


def find_places(names: Sequence[str], columns: Columns, *, by_number: bool = False) -> Places:
    """Find the columns among the names that a file has.

    Args:
        names: what its columns are called.
        columns: what is given.
        by_number: whether a number that is no name counts as a place.

    Raises:
        BadRowError: a column is not there, or there twice.
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
    """Find the columns of a file without a header.

    Args:
        width: how many it has.
        columns: what is given.

    Raises:
        BadRowError: not all are given by place, or there is no such place; of two columns that
            are only questions none need be given.
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
