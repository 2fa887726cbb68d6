"""Columns of metadata in a store: their value types, and filters by them."""

import difflib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from gemel.data import Value, as_type, describe_types, describe_value, detect, plain_value, type_of
from gemel.errors import DataError
from gemel.store.base import Metadata, Typed
from gemel.store.input_checks import facet
from gemel.store.sessions import Row, Session

ColumnCounts: TypeAlias = "Counter[tuple[str, str]]"
"""Number of values by column and type."""
_Run: TypeAlias = Callable[[str, Sequence[Any]], list[Row]]
_ADD = (
    "INSERT INTO metadata_columns VALUES (?, ?, ?, ?) ON CONFLICT (facet) "
    "DO UPDATE SET questions = metadata_columns.questions + excluded.questions"
)
_EXAMPLES = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "text": "text in quotes",
}
_TYPES = (*_EXAMPLES, "null")
_SHOWN = 20
"""Maximum columns that an error lists."""
_CHUNK = 4096


def count_values(metadata: Iterable[Metadata]) -> ColumnCounts:
    """Count values by column and type."""
    return Counter((name, type_of(value)) for each in metadata for name, value in each.items())


def add_counts(run: _Run, counts: ColumnCounts) -> None:
    """Add counts to the table; columns without values are removed."""
    for (name, kind), count in sorted(counts.items()):
        if count:
            run(_ADD, (facet(name, kind), json.dumps(name), kind, count))
    if any(count < 0 for count in counts.values()):
        run("DELETE FROM metadata_columns WHERE questions <= 0", ())


def count_all(run: _Run) -> None:
    """Fill the table from the questions of a store created without it."""
    statement = "SELECT key, metadata FROM questions WHERE key > ? ORDER BY key LIMIT ?"
    counts: ColumnCounts = Counter()
    last = 0
    while rows := run(statement, (last, _CHUNK)):
        for _, written in rows:
            with suppress(AttributeError, TypeError, ValueError):  # reported when it is read
                counts.update(count_values([json.loads(written)]))
        last = rows[-1][0]
    add_counts(run, counts)


def column_types(session: Session, names: Iterable[str]) -> dict[str, set[str]]:
    """Return the types of the values in each of some columns; columns without values are absent."""
    known = {facet(name, kind): name for name in names for kind in _TYPES}
    statement = "SELECT facet, kind FROM metadata_columns WHERE facet IN (?)"
    found: dict[str, set[str]] = defaultdict(set)
    for digest, kind in session.run_in_chunks(statement, list(known)):
        found[known[bytes(digest)]].add(kind)
    return dict(found)


def check_filter(where: object) -> dict[str, Value]:
    """Return a filter with plain values; raise `DataError` if it is no mapping to such."""
    if not isinstance(where, Mapping):
        raise DataError(
            f"where is {where!r:.60}; expected names and values, such as {{'forum': 'cooking'}}"
        )
    plain: dict[str, Value] = {}
    for name, value in where.items():
        if not isinstance(name, str):
            raise DataError(f"where has {name!r:.60} as a name; expected text")
        try:
            plain[name] = value if isinstance(value, Typed) else plain_value(value)
        except ValueError as error:
            raise DataError(f"the filter {name!r:.60} is {value!r:.60}; {error}") from error
    return plain


def filter_values(session: Session, where: Mapping[str, Value]) -> list[tuple[str, list[Value]]]:
    """Return for each column of a filter the values that match.

    Raises:
        DataError: a column is missing, or its values are of another type.
    """
    types = column_types(session, where)
    for name in where:
        if name not in types:
            raise DataError(_unknown(session, name))
    return [(name, _meant(name, value, types[name])) for name, value in where.items()]


def _meant(name: str, value: Value, types: set[str]) -> list[Value]:
    if isinstance(value, Typed):
        if value == "null":
            return [None]
        if not value.strip():
            return [None, "", str(value)]
        text = _unquoted(value)
        if text is None and (found := _readings(value, types)):
            return found
        value = detect(value) if text is None else text
    if _holds(types, value) or types == {"null"}:
        return [value]
    raise DataError(
        f"{name:.60} holds {describe_types(types)}; got {describe_value(value)}; "
        f"filter by {_example(types)}"
    )


def _holds(types: set[str], value: Value) -> bool:
    kind = type_of(value)
    if kind in ("int", "float"):
        is_whole = kind == "int" or float(value or 0).is_integer()
        return "float" in types or ("int" in types and is_whole)
    return kind == "null" or kind in types


def _readings(value: str, types: Iterable[str]) -> list[Value]:
    """Return the possible values of a typed text in a column."""
    found: list[Value] = []
    for kind in sorted(types):
        if kind == "text":
            found.append(str(value))
        elif kind != "null" and (kind != "bool" or value.lower() in ("true", "false")):
            with suppress(ValueError):
                found.append(as_type(str(value), kind))
    return found


def _unquoted(value: str) -> str | None:
    if not value.startswith('"'):
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def _example(types: set[str]) -> str:
    return " or ".join(example for kind, example in _EXAMPLES.items() if kind in types)


def _unknown(session: Session, name: str) -> str:
    rows = session.run(
        "SELECT name FROM metadata_columns GROUP BY name "
        "ORDER BY sum(questions) DESC, name LIMIT ?",
        (_SHOWN + 1,),
    )
    names = [json.loads(written) for (written,) in rows]
    if not names:
        return (
            f"no question has metadata, so none has {name!r:.60}; `gemel index --keep COLUMN` or "
            "`gemel add --with NAME=VALUE` stores some"
        )
    close = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {close[0]!r:.60}? " if close else ""
    more = ", …" * (len(names) > _SHOWN)
    listed = ", ".join(f"{each:.60}" for each in names[:_SHOWN])
    return f"no question has metadata named {name!r:.60}; {hint}there are: {listed}{more}"


def resolve_metadata(session: Session, metadata: Sequence[Metadata]) -> list[dict[str, Value]]:
    """Convert typed values to the types of their columns; raise `DataError` if one does not fit."""
    names = {name for each in metadata for name, value in each.items() if isinstance(value, Typed)}
    types = column_types(session, names)
    return [
        {name: _resolved(name, value, types.get(name, set())) for name, value in each.items()}
        for each in metadata
    ]


def _resolved(name: str, value: Value, types: set[str]) -> Value:
    if not isinstance(value, Typed):
        return value
    if value == "null" or not value.strip():
        return None
    text = _unquoted(value)
    if text is not None:
        return text
    alone = detect(value)
    held = types - {"null"}
    if not held or type_of(alone) in held:
        return alone
    if "text" in held:
        return str(value)
    found = _readings(value, held)
    if isinstance(alone, int | float) and not isinstance(alone, bool) and held & {"int", "float"}:
        found = found or [alone]
    if found:
        return found[0]
    raise DataError(
        f"{name:.60} holds {describe_types(types)}; got {describe_value(alone)}; give "
        f"{_example(types)}, or put it in double quotes to store text"
    )
