"""Load files of questions into a store; resumable."""

import itertools
import pickle
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gemel.data import (
    BadRows,
    ColumnConflict,
    ColumnScan,
    QuestionColumns,
    QuestionRow,
    Rows,
    Source,
    Value,
    as_type,
    describe_value,
    stream_questions,
)
from gemel.inference import Engine, stream_answerable
from gemel.store.base import Metadata, NewQuestion, Store
from gemel.store.input_checks import describe_excess
from gemel.text import Progress

_TYPED_FILES = (".jsonl", ".ndjson", ".parquet")
"""Files whose values have types, like rows in memory."""
_IN_MEMORY = 1 << 24
"""Bytes of rows in memory before a temporary file is used."""
_EVERY = 1 << 14
"""Rows between progress reports."""


@contextmanager
def typed_questions(
    store: Store,
    engine: Engine,
    source: Source,
    columns: QuestionColumns | None,
    bad_rows: BadRows,
    progress: Progress | None = None,
) -> Iterator[Iterator[QuestionRow]]:
    """Return the questions of a file, their metadata with the types of their columns.

    The type is the given one (`year:int`), or that of the corpus's column, or that of all values in
    the file, which is then read twice; a stream is copied to a temporary file.

    Raises:
        DataError: see `stream_answerable`; or a value has another type than its column in the
            corpus.
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
    """Types of the values in columns without a given type."""

    def __init__(self, source: Source, progress: Progress | None):
        self._source, self._progress = source, progress
        self._columns: dict[str, ColumnScan] = {}
        self._rows = 0

    def add(self, row: QuestionRow) -> None:
        is_text = self._source.rows is None and self._source.kind not in _TYPED_FILES
        for name, value in row.kept.items():
            if name not in row.declared:
                self._columns.setdefault(name, ColumnScan(is_text)).add(value, row.line)
        self._rows += 1
        if self._progress is not None and self._rows % _EVERY == 0:
            self._progress("reading column types", self._rows, None)

    def decide(self, store: Store) -> dict[str, str]:
        """Return the type of each column; one whose values are unchanged is absent.

        Raises:
            DataError: a value has another type than its column in the corpus.
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
    rows: Iterator[QuestionRow], types: Mapping[str, str], source: Source, bad_rows: BadRows
) -> Iterator[QuestionRow]:
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


def _read(spool: IO[bytes]) -> Iterator[QuestionRow]:
    while True:
        try:
            row = pickle.load(spool)  # noqa: S301 - written above
        except EOFError:
            return
        yield QuestionRow(*row)


_LOT = 8192
"""Questions encoded and stored at a time."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Numbers of questions after loading a file."""

    added: int
    """New questions."""
    replaced: int
    """Questions that replaced another text of their id."""
    there: int
    """Questions stored before, unchanged."""
    questions: int
    """Questions in the store now."""


def fill_store(
    store: Store,
    engine: Engine,
    questions: str | Path | Source | Rows,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    prefix: str = "",
    replace: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> Filled:
    """Store the questions of a file, in batches.

    An interrupted call resumes when repeated: a question stored with the same text and metadata is
    skipped.

    Args:
        store: the store.
        engine: model to encode with.
        questions: see `stream_questions`; a question without word or mark is a bad row.
        columns: question, id and metadata columns; see `typed_questions`.
        skip_bad: number of bad rows to skip; see `read_pairs`.
        prefix: prefix of every id.
        replace: replace stored questions of the same id.
        threads: number of threads.
        progress: callback `progress(done, total)` in questions.

    Raises:
        DataError: a question cannot be read, there is none, or an id has another text.
        ModelMismatchError: the store's vectors are of another model.
        StoreError: writing failed; earlier batches stay.
    """
    source, bad_rows = Source.of(questions), BadRows.of(skip_bad)
    source.require()
    added = replaced = there = 0
    with typed_questions(store, engine, source, columns, bad_rows, progress) as rows:
        while lot := list(itertools.islice(rows, _LOT)):
            new, kept = _told_apart(store, lot, prefix, source, replace=replace)
            vectors = engine.encode([question.text for question in new.values()], threads=threads)
            store.add(list(new.values()), vectors, engine.model.fingerprint, replace=replace)
            added, replaced, there = (
                added + len(new) - kept,
                replaced + kept,
                there + len(lot) - len(new),
            )
            if progress is not None:
                progress("keeping questions", added + replaced + there, None)
    if not added + replaced + there:
        raise source.error("has no questions")
    return Filled(added=added, replaced=replaced, there=there, questions=store.state().questions)


def _told_apart(
    store: Store, lot: list[QuestionRow], prefix: str, source: Source, *, replace: bool
) -> tuple[dict[str, NewQuestion], int]:
    """Return the questions of a batch to store, by id, and the number that replace others.

    Raises:
        DataError: an id is taken, in the batch or in the store.
    """
    new: dict[str, NewQuestion] = {}
    kept = {each.id: each for each in store.find([prefix + row.id for row in lot]) if each}
    for row in lot:
        question = NewQuestion(id=prefix + row.id, text=row.text, metadata=row.kept)
        before = new.get(question.id, kept.get(question.id))
        if before is not None and _is_same(before, question):
            continue
        if before is not None and (question.id in new or not replace):
            advice = "give each an id of its own (--id), or those of this file a --prefix"
            if question.id not in new:
                advice += ", or add --replace"
            raise source.error(
                f"has the id {question.id!r:.60}, under which another question is stored "
                f"({before.text!r:.60}); {advice}",
                row.line,
            )
        new[question.id] = question
    return new, len(new.keys() & kept.keys())


def _is_same(one: NewQuestion, other: NewQuestion) -> bool:
    return one.text == other.text and _present(one.metadata) == _present(other.metadata)


def _present(metadata: Metadata) -> dict[str, Value]:
    """Drop empty texts, which older releases stored for empty cells."""
    return {name: None if value == "" else value for name, value in metadata.items()}
