"""Long jobs on a store, resumable: load questions of a file, compute vectors with another model."""

import itertools
import pickle
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
from gemel.errors import DataError
from gemel.inference import Engine, stream_answerable
from gemel.store.base import NewQuestion, Store
from gemel.store.input_checks import describe_excess
from gemel.text import Progress

_TYPED_FILES = (".jsonl", ".ndjson", ".parquet")
"""Files whose values have types, like rows in memory."""
_IN_MEMORY = 1 << 24
"""Bytes of rows in memory before a temporary file is used."""
_EVERY = 1 << 14
"""Rows between progress reports."""
_BATCH = 8192
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
    """Store the questions of a file, in batches; see `gemel.index`.

    An interrupted call resumes when repeated: a question stored with the same text and metadata is
    skipped.

    Raises:
        DataError: a question cannot be read, there is none, or an id has another text.
        ModelMismatchError: the store's vectors are of another model.
        StoreError: writing failed; earlier batches stay.
    """
    source, bad_rows = Source.of(questions), BadRows.of(skip_bad)
    source.require()
    added = replaced = there = 0
    rows = _typed_questions(store, engine, source, columns, bad_rows, progress)
    while batch := list(itertools.islice(rows, _BATCH)):
        new, replacing = _choose_new(store, batch, prefix, source, replace=replace)
        vectors = engine.encode([question.text for question in new], threads=threads)
        store.add(new, vectors, engine.model.fingerprint, replace=replace)
        added += len(new) - replacing
        replaced += replacing
        there += len(batch) - len(new)
        if progress is not None:
            progress("keeping questions", added + replaced + there, None)
    if not added + replaced + there:
        raise source.error("has no questions")
    return Filled(added=added, replaced=replaced, there=there, questions=store.state().questions)


def _typed_questions(
    store: Store,
    engine: Engine,
    source: Source,
    columns: QuestionColumns | None,
    bad_rows: BadRows,
    progress: Progress | None,
) -> Iterator[QuestionRow]:
    """Yield the questions of a file, their metadata with the types of their columns.

    The type is the given one (`year:int`), or that of the corpus's column, or that of all values in
    the file, which is then read twice; a stream is copied to a temporary file.

    Raises:
        DataError: see `stream_answerable`; or a value has another type than its column in the
            corpus.
    """
    rows = stream_answerable(engine, source, columns, bad_rows)
    if columns is None or not columns.kept:
        yield from rows
        return
    is_file = source.file is not None and source.file.is_file()
    is_text = source.rows is None and source.kind not in _TYPED_FILES
    scans: dict[str, ColumnScan] = {}
    count = 0
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        for row in stream_questions(source, columns, None) if is_file else rows:
            for name, value in row.kept.items():
                if name not in row.declared:
                    scans.setdefault(name, ColumnScan(is_text)).add(value, row.line)
            if not is_file:
                pickle.dump(tuple(row), spool)
            count += 1
            if progress is not None and count % _EVERY == 0:
                progress("reading column types", count, None)
        if not is_file:
            spool.seek(0)
            rows = (QuestionRow(*pickle.load(spool)) for _ in range(count))  # noqa: S301
        types = _column_types(scans, store, source)
        for row in rows:
            metadata, problem = _convert(row, types)
            if problem:
                bad_rows.add(source, row.line, problem, row.text)
            else:
                yield row._replace(kept=metadata)


def _column_types(scans: Mapping[str, ColumnScan], store: Store, source: Source) -> dict[str, str]:
    """Return the type of each column; one whose values are unchanged is absent."""
    stored = store.column_types(list(scans))
    types = {}
    for name, scan in scans.items():
        try:
            types[name] = scan.decide(stored.get(name, ()))
        except ColumnConflict as conflict:
            raise source.error(
                f"has {describe_value(conflict.value)} as {name}, and the corpus holds "
                f"{conflict.stored} in that column; correct it, or add --keep {name}:text to "
                "store the column as text",
                conflict.line,
            ) from conflict
    return {name: found for name, found in types.items() if found is not None}


def _convert(row: QuestionRow, types: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return metadata with the types of their columns, and the last problem of a value."""
    metadata, problem = dict(row.kept), ""
    for name, wanted in types.items():
        if name in metadata and name not in row.declared:
            try:
                metadata[name] = as_type(metadata[name], wanted)
            except ValueError as error:  # the file has changed meanwhile
                problem = f"has {describe_value(metadata[name])} as {name}; {error}"
    if not problem and (excess := describe_excess(metadata)):
        problem = f"has {excess}"
    return metadata, problem


def _choose_new(
    store: Store, batch: list[QuestionRow], prefix: str, source: Source, *, replace: bool
) -> tuple[list[NewQuestion], int]:
    """Return the questions of a batch to store, and the number that replace others.

    Raises:
        DataError: an id is taken, in the batch or in the store.
    """
    new: dict[str, NewQuestion] = {}
    stored = {each.id: each for each in store.find([prefix + row.id for row in batch]) if each}
    for row in batch:
        question = NewQuestion(id=prefix + row.id, text=row.text, metadata=row.kept)
        before = new.get(question.id, stored.get(question.id))
        if before is not None and _content(before) == _content(question):
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
    return list(new.values()), len(new.keys() & stored.keys())


def _content(question: NewQuestion) -> tuple[str, dict[str, Value]]:
    """Return text and metadata, without empty texts, which older releases stored."""
    metadata = question.metadata.items()
    return question.text, {name: None if value == "" else value for name, value in metadata}


def reindex(
    store: Store, engine: Engine, *, threads: int = 1, progress: Progress | None = None
) -> int:
    """Encode all questions of a store; old vectors are served until all are done.

    An interrupted call resumes. Questions added meanwhile are encoded too. Questions of an older
    gemel are indexed as copies, even if the model is the same.

    Returns:
        Number of questions with new vectors; 0 if they had them before.

    Raises:
        StoreError: writing failed; earlier vectors stay.
    """
    model = engine.model.fingerprint
    if store.state().model == model:
        for chunk in store.scan():
            store.index_copies([question.key for question in chunk])
        return 0
    store.begin_reindex(model, engine.model.config.network.dim)
    while True:
        while batch := store.without_vector(most=_BATCH):
            vectors = engine.encode([question.text for question in batch], threads=threads)
            store.put_vectors(np.array([question.key for question in batch]), vectors)
            if progress is not None:
                state = store.state()
                progress("encoding questions", state.reindexed, state.questions)
        try:
            store.finish_reindex()
        except DataError:
            if not store.without_vector(most=1):
                raise
            continue  # a user has added a question meanwhile
        return store.state().questions
