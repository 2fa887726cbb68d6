"""Files of hard negatives for `gemel train` and sentence-transformers."""

import contextlib
import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from gemel.errors import ConfigError, DataError, MissingExtraError
from gemel.files import check_writable, new_file, require_new_file

MinedRow: TypeAlias = tuple[str | int | list[str] | list[int], ...]
"""A text, a label, or a list of them, by column."""

_ROWS = 8192
"""Rows written at a time."""


class MinedAnchor(NamedTuple):
    """A question with its duplicates and negatives."""

    anchor: str
    positives: list[str]
    """At least one."""
    negatives: list[str]
    """Most similar first; may be empty."""


def _triplets(mined: MinedAnchor, count: int) -> Iterator[MinedRow]:
    for positive, negative in itertools.product(mined.positives, mined.negatives):
        yield mined.anchor, positive, negative


def _tuples(mined: MinedAnchor, count: int) -> Iterator[MinedRow]:
    if len(mined.negatives) == count:
        for positive in mined.positives:
            yield mined.anchor, positive, *mined.negatives


def _pairs(mined: MinedAnchor, count: int) -> Iterator[MinedRow]:
    for label, others in ((1, mined.positives), (0, mined.negatives)):
        for other in others:
            yield mined.anchor, other, label


def _lists(mined: MinedAnchor, count: int) -> Iterator[MinedRow]:
    if mined.negatives:
        for positive in mined.positives:
            labels = [1] + [0] * len(mined.negatives)
            yield mined.anchor, [positive, *mined.negatives], labels


_MAKERS: dict[str, Callable[[MinedAnchor, int], Iterator[MinedRow]]] = {
    "triplet": _triplets,
    "n-tuple": _tuples,
    "labeled-pair": _pairs,
    "labeled-list": _lists,
}
FORMS = tuple(_MAKERS)
"""Forms of rows."""
_LISTS = "labeled-list"


def column_names(form: str, count: int) -> tuple[str, ...]:
    """Return the columns of a form with `count` negatives."""
    if form == "n-tuple":
        return ("anchor", "positive", *(f"negative_{number}" for number in range(1, count + 1)))
    return {
        "triplet": ("anchor", "positive", "negative"),
        "labeled-pair": ("question1", "question2", "is_duplicate"),
        _LISTS: ("anchor", "texts", "labels"),
    }[form]


def rows_in_form(form: str, mined: MinedAnchor, count: int) -> Iterator[MinedRow]:
    """Yield the rows of an anchor.

    `triplet`: each positive with each negative; `n-tuple`: each positive with all `count`
    negatives, if there are as many; `labeled-pair`: each positive and each negative;
    `labeled-list`: each positive with all negatives.
    """
    return _MAKERS[form](mined, count)


def check_mined_file(path: str | Path, form: str, *, overwrite: bool = False) -> None:
    """Check that negatives can be written to a file.

    Raises:
        ConfigError: an unknown form.
        DataError: an extension that is unknown or does not fit the form, or it exists.
        MissingExtraError: Parquet needs pyarrow.
        OSError: it cannot be written.
    """
    path = Path(path)
    if form not in FORMS:
        raise ConfigError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    require_new_file(path, MINED_KINDS, overwrite=overwrite)
    if form == _LISTS and path.suffix in _SEPARATORS:
        raise DataError(
            f"has no place for lists, which a {_LISTS} is made of; name a .jsonl or .parquet file",
            path=path,
        )
    if path.suffix == ".parquet":
        _pyarrow()
    check_writable(path)


def write_mined(path: str | Path, names: tuple[str, ...], rows: Iterable[MinedRow]) -> int:
    """Write rows to a file as they come, complete or not at all, and return their number.

    Raises:
        OSError: it cannot be written; an existing file is unchanged.
    """
    path, rows = Path(path), iter(rows)
    lots = iter(lambda: list(itertools.islice(rows, _ROWS)), [])
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as stream:
        if path.suffix == ".parquet":
            return _write_parquet(stream, names, lots)
        written = 0
        if path.suffix in _SEPARATORS:
            stream.write(_delimited(path.suffix, [names]))
        for lot in lots:
            if path.suffix in _SEPARATORS:
                stream.write(_delimited(path.suffix, lot))
            else:
                stream.write(_json_lines(names, lot))
            written += len(lot)
    return written


def _delimited(kind: str, rows: Iterable[Iterable[Any]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines, delimiter=_SEPARATORS[kind]).writerows(rows)
    return lines.getvalue().encode("utf-8", "replace")


def _json_lines(names: tuple[str, ...], rows: list[MinedRow]) -> bytes:
    objects = (dict(zip(names, row, strict=True)) for row in rows)
    lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in objects)
    return "".join(lines).encode("utf-8", "replace")


def _write_parquet(stream: Any, names: tuple[str, ...], lots: Iterable[list[MinedRow]]) -> int:
    pyarrow, parquet = _pyarrow()
    kinds: dict[str, Any] = {
        "is_duplicate": pyarrow.int64(),
        "labels": pyarrow.list_(pyarrow.int64()),
        "texts": pyarrow.list_(pyarrow.string()),
    }
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in names])
    written = 0
    with contextlib.closing(parquet.ParquetWriter(stream, schema)) as writer:
        for lot in lots:
            columns = [[_storable(value) for value in column] for column in zip(*lot, strict=True)]
            writer.write_table(pyarrow.table(dict(zip(names, columns, strict=True)), schema=schema))
            written += len(lot)
    return written


def _storable(value: Any) -> Any:
    """Replace lone surrogates, which UTF-8 cannot hold, by question marks."""
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet", "parquet") from error
    return pyarrow, parquet


_SEPARATORS = {".csv": ",", ".tsv": "\t"}
MINED_KINDS = (*_SEPARATORS, ".jsonl", ".parquet")
"""File extensions for negatives."""
