"""Streams of questions and pairs through the engine."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from gemel.data import (
    BadRows,
    Columns,
    QuestionColumns,
    QuestionRow,
    Rows,
    Source,
    UnlabelledPair,
    stream_questions,
    stream_unlabelled,
)
from gemel.decision import Verdict
from gemel.errors import DataError
from gemel.inference.engine import Engine

_PAIRS = 4096
"""Pairs scored at a time."""
_CHARACTERS = 1 << 20
"""Maximum characters of these."""


def stream_answerable(
    engine: Engine, source: Source, columns: QuestionColumns | None, bad_rows: BadRows
) -> Iterator[QuestionRow]:
    """Yield the questions of a file, see `stream_questions`; one without word is a bad row."""
    for row in stream_questions(source, columns, bad_rows):
        row = row._replace(text=engine.model.tokenizer.read(row.text))
        if problem := engine.say_blank(row.text, "the question"):
            bad_rows.add(source, row.line, problem, row.text)
        else:
            yield row


class Compared(NamedTuple):
    """Two questions with their verdict."""

    left: str
    right: str
    line: int
    """First line, from 1; in Parquet the row."""
    verdict: Verdict


def compare_stream(
    engine: Engine,
    source: str | Path | Source | Rows,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
) -> Iterator[Compared]:
    """Yield verdicts on the pairs of a file or stream, in order, also before an error.

    Args:
        engine: the model.
        source, columns: see `stream_unlabelled`.
        skip_bad: number of bad rows to skip, those with a question without word or mark included.

    Raises:
        DataError, MissingExtraError: see `stream_unlabelled`; or there are no pairs.
    """
    source, bad_rows = Source.of(source), BadRows.of(skip_bad)
    count = 0
    rows = stream_unlabelled(source, columns, bad_rows)
    for chunk in _chunks(_with_words(engine, rows, source, bad_rows)):
        count += len(chunk)
        verdicts = engine.predict_all([row.left for row in chunk], [row.right for row in chunk])
        for row, verdict in zip(chunk, verdicts, strict=True):
            yield Compared(row.left, row.right, row.line, verdict)
    if not count:
        raise source.error("has no pairs")


def _with_words(
    engine: Engine, rows: Iterable[UnlabelledPair], source: Source, bad_rows: BadRows
) -> Iterator[UnlabelledPair]:
    for row in rows:
        if problem := engine.find_blank(row.left, row.right):
            bad_rows.add(source, row.line, problem, row.raw or repr(row[:2]))
        else:
            yield row


def _chunks(rows: Iterable[UnlabelledPair]) -> Iterator[list[UnlabelledPair]]:
    chunk: list[UnlabelledPair] = []
    size = 0
    try:
        for row in rows:
            chunk.append(row)
            size += len(row.left) + len(row.right)
            if len(chunk) == _PAIRS or size >= _CHARACTERS:
                yield chunk
                chunk, size = [], 0
    except DataError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
