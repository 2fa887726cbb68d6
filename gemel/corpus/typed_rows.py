"""Questions of a file, whose metadata have the types of their columns."""

import pickle
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from gemel.data import (
    BadRows,
    ColumnConflict,
    ColumnScan,
    Question,
    QuestionColumns,
    Source,
    as_type,
    describe_value,
    stream_questions,
)
from gemel.inference import Engine, stream_answerable
from gemel.store.base import Store
from gemel.store.input_checks import describe_excess
from gemel.text import Progress

_TYPED_FILES = (".jsonl", ".ndjson", ".parquet")
"""Files whose values have types of their own, as rows in memory do."""
_IN_MEMORY = 1 << 24
"""Bytes of rows that are not written to a temporary file."""
_EVERY = 1 << 14
"""Rows between two reports of progress."""


@contextmanager
def typed_questions(
    store: Store,
    engine: Engine,
    source: Source,
    columns: QuestionColumns | None,
    bad_rows: BadRows,
    progress: Progress | None = None,
) -> Iterator[Iterator[Question]]:
    """Give the questions of a file, their metadata of the types of their columns.

    The type is the one that was given (`year:int`), or that of the column in the corpus, or that
    of all values of the column. For the last two a file is read twice; what can only be read once,
    as a stream, is copied to a temporary file meanwhile.

    Args:
        store: whose columns have types already.
        engine, source, columns, bad_rows: see `stream_answerable`.
        progress: `(stage, done, total)` callback.

    Raises:
        DataError: see `stream_answerable`; or a value is of another type than those of its column
            in the corpus.
    """
    if columns is None or not columns.kept:
        yield stream_answerable(engine, source, columns, bad_rows)
        return
    scan = _Scan(source, progress)
    if source.file is not None and source.file.is_file():
        for row in stream_questions(source, columns, None):
            scan.add(row)
        rows = stream_answerable(engine, source, columns, bad_rows)
        yield _typed(rows, scan.decide(store), source, bad_rows)
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        for row in stream_answerable(engine, source, columns, bad_rows):
            scan.add(row)
            pickle.dump(tuple(row), spool)
        spool.seek(0)
        yield _typed(_read(spool), scan.decide(store), source, bad_rows)


class _Scan:
    """The types of the values in each column whose type was not given."""

    def __init__(self, source: Source, progress: Progress | None):
        self._source, self._progress = source, progress
        self._columns: dict[str, ColumnScan] = {}
        self._rows = 0

    def add(self, row: Question) -> None:
        is_text = self._source.rows is None and self._source.kind not in _TYPED_FILES
        for name, value in row.kept.items():
            if name not in row.declared:
                self._columns.setdefault(name, ColumnScan(is_text)).add(value, row.line)
        self._rows += 1
        if self._progress is not None and self._rows % _EVERY == 0:
            self._progress("reading column types", self._rows, None)

    def decide(self, store: Store) -> dict[str, str]:
        """Return the type of each column; one whose values stay as they are is absent.

        Raises:
            DataError: a value is of another type than those of its column in the corpus.
        """
        stored = store.column_types(list(self._columns))
        types = {}
        for name, scan in self._columns.items():
            try:
                found = scan.decide(stored.get(name, ()))
            except ColumnConflict as conflict:
                raise self._source.error(
                    f"has {describe_value(conflict.value)} as {name}, and the corpus holds "
                    f"{conflict.stored} in that column; correct it, or add --keep {name}:text to "
                    "store the column as text",
                    conflict.line,
                ) from conflict
            if found is not None:
                types[name] = found
        return types


def _typed(
    rows: Iterator[Question], types: Mapping[str, str], source: Source, bad_rows: BadRows
) -> Iterator[Question]:
    for row in rows:
        kept: dict[str, Any] = dict(row.kept)
        problem = ""
        for name, wanted in types.items():
            if name in kept and name not in row.declared:
                try:
                    kept[name] = as_type(kept[name], wanted)
                except ValueError as error:  # the file has changed meanwhile
                    problem = f"has {describe_value(kept[name])} as {name}; {error}"
        problem = problem or ("has " * bool(excess := describe_excess(kept))) + excess
        if problem:
            bad_rows.add(source, row.line, problem, row.text)
        else:
            yield row._replace(kept=kept)


def _read(spool: IO[bytes]) -> Iterator[Question]:
    while True:
        try:
            row = pickle.load(spool)  # noqa: S301 - written above
        except EOFError:
            return
        yield Question(*row)
