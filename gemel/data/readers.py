"""Reading pairs from a file, row by row; what does not fit is an error, or counted and listed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from gemel.data.bad_rows import BadRowError, BadRows
from gemel.data.base import Table
from gemel.data.column_layout import Question
from gemel.data.columns import AskedColumns, Columns, QuestionColumns, UnlabelledColumns
from gemel.data.delimited import open_delimited
from gemel.data.encodings import explain, not_utf8
from gemel.data.frames import Rows
from gemel.data.line_files import open_json_lines, open_lines
from gemel.data.markup import without_html
from gemel.data.pairs import Pairs, QuestionPair
from gemel.data.parquet import open_parquet
from gemel.data.python_rows import open_rows
from gemel.data.sources import Source, is_gzip
from gemel.errors import DataError

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_LINES = (".jsonl", ".ndjson")


class Row(NamedTuple):
    """A row of a file."""

    line: int
    """Line it begins on, from 1; where there are no lines, as in Parquet, its number."""
    raw: str
    """Its very text, line end included; empty where rows are no text."""
    items: tuple[Any, ...]
    """What was asked for: pairs (two, if it has an anchor, a positive and a negative), or one
    question."""


class UnlabelledPair(NamedTuple):
    """Two questions of a file or stream; no one gives whether they ask the same."""

    left: str
    right: str
    line: int
    """Line they begin on, from 1; where there are no lines, as in Parquet, their row."""
    raw: str
    """The very text of the row, line end included; empty where rows are no text."""


def read_pairs(
    path: str | Path | Source | Rows, columns: Columns | None = None, skip_bad: int | BadRows = 0
) -> Pairs:
    """Read a whole file of labelled pairs.

    Args:
        path: a `.csv`, `.tsv`, `.jsonl` or `.ndjson` file, `.gz` allowed behind it, or `.parquet`;
            or a frame of pandas, Polars or pyarrow, a data set of Hugging Face, or rows: tuples
            (left, right, label), `QuestionPair`s, or mappings.
        columns: the three columns, if not the usual ones.
        skip_bad: number of bad rows to skip; a `BadRows` also gives where they are
            listed, and counts them.

    Raises:
        DataError: no such file, no rows, no such columns, a row that does not fit.
        MissingExtraError: a Parquet file, and pyarrow is not installed.
    """
    source, bad_rows = Source.of(path), BadRows.of(skip_bad)
    before = bad_rows.count
    pairs = Pairs.collect(stream_pairs(source, columns, bad_rows), source.file)
    if not len(pairs):
        has_header = source.kind in _SEPARATORS
        found = "bad rows but " if bad_rows.count > before else "a header but " * has_header
        raise source.error(f"has {found}no pairs")
    return pairs


def stream_pairs(
    path: str | Path | Source | Rows, columns: Columns | None = None, skip_bad: int | BadRows = 0
) -> Iterator[QuestionPair]:
    """Yield the labelled pairs of a file one after the other; see `read_pairs`.

    Layouts known without being told: columns `question1, question2, is_duplicate` (Quora,
    Kaggle) or `label`, `sentence1, sentence2, label` (GLUE), or `anchor, positive` and perhaps
    `negative`, which is a pair that asks the same and perhaps one that does not; and the
    headerless, unquoted columns `label, question1, question2, id` of the Wang et al. (2017) split.
    """
    for row in stream_rows(path, columns, skip_bad):
        yield from row.items


def stream_rows(
    path: str | Path | Source | Rows,
    columns: AskedColumns | None = None,
    skip_bad: int | BadRows | None = 0,
) -> Iterator[Row]:
    """Yield the rows of a file with their text and their pairs; see `read_pairs`.

    With `skip_bad` None bad rows are skipped without being counted or listed.
    """
    source = Source.of(path)
    columns = columns or Columns()
    bad_rows = None if skip_bad is None else BadRows.of(skip_bad)
    with open_table(source, columns, bad_rows) as table:
        yield from without_html(rows_of(table, source, bad_rows), source, columns.html, bad_rows)


def stream_unlabelled(
    source: str | Path | Source | Rows, columns: Columns | None = None, skip_bad: int | BadRows = 0
) -> Iterator[UnlabelledPair]:
    """Yield the questions of a file or a stream, two a row; a label is not looked at.

    Nor is a `negative`. Known without being told are the layouts of `stream_pairs`, their label
    left out or not. A CSV or TSV stream has a header if its first line is one of these, and none
    if not; where there is none, two columns need no naming.

    Args:
        source: a file, a frame or rows as `read_pairs` takes them, or a stream.
        columns: the two columns, if not the usual ones.
        skip_bad: number of bad rows to skip; see `read_pairs`.

    Raises:
        DataError, MissingExtraError: as `read_pairs` does.
    """
    source = Source.of(source)
    wanted = UnlabelledColumns.of(columns or Columns(), is_stream=source.stream is not None)
    for row in stream_rows(source, wanted, skip_bad):
        for pair in row.items:
            yield UnlabelledPair(pair.left, pair.right, row.line, row.raw)


def stream_questions(
    source: str | Path | Source | Rows,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows | None = 0,
) -> Iterator[Question]:
    """Yield the questions of a file or a stream, one a row.

    Args:
        source: a file or a frame as `read_pairs` takes it, a `.txt` file (or `.gz` of one) with a
            question on every line, a stream, or texts: a list of them, or a column of a frame.
        columns: question and id, if not the usual ones, and others that go along. Of
            these a text file gives its cells as text, unless a type was given (`year:int`).
        skip_bad: number of bad rows to skip; see `read_pairs`. None: any number, without
            counting them.

    Raises:
        DataError, MissingExtraError: as `read_pairs` does.
    """
    for row in stream_rows(source, columns or QuestionColumns(), skip_bad):
        yield from row.items


def open_table(
    source: Source, columns: AskedColumns | None = None, bad_rows: BadRows | None = None
) -> AbstractContextManager[Table]:
    """Open a file by its ending; see `read_pairs`.

    A file of an unknown kind, or `.txt`, is read as CSV is if `columns` has a delimiter.

    Raises:
        DataError: no such file, or of no known kind.
    """
    source.require()
    columns = columns or Columns()
    if source.rows is not None:
        return open_rows(source, columns)
    is_other = source.kind not in (*_LINES, ".parquet") and columns.delimiter is not None
    if source.kind in _SEPARATORS or is_other:
        usual = _SEPARATORS.get(source.kind, str(columns.delimiter))
        return open_delimited(source, columns, usual, bad_rows)
    if source.kind == ".txt" and isinstance(columns, QuestionColumns):
        if columns.question is not None or columns.id is not None or columns.kept:
            raise source.error(
                "has a question on every line, and no columns that could be named; expected a "
                ".csv, .tsv, .jsonl or .parquet file for that"
            )
        return open_lines(source)
    if source.kind in _LINES:
        return open_json_lines(source, columns)
    if source.kind == ".parquet" and source.file and not is_gzip(source.file):
        return open_parquet(source.file, columns)
    lines = ".txt, " if isinstance(columns, QuestionColumns) else ""
    raise DataError(
        f"is of no known kind; expected a name ending in {lines}.csv, .tsv, .jsonl or .ndjson, "
        "perhaps with .gz behind it, or in .parquet, or --delimiter for a file like CSV",
        path=source.path,
    )


def rows_of(table: Table, source: Source, bad_rows: BadRows | None) -> Iterator[Row]:
    """Make rows of records.

    Args:
        table: what `open_table` opened.
        source: where it comes from.
        bad_rows: receives rows that do not fit; None if it was, in an earlier reading.

    Raises:
        DataError: a row does not fit and may not be skipped.
    """
    advice, read, skipped = "", table.read, 0
    is_delimited = source.kind in _SEPARATORS
    for line, raw, fields, problem in table.records:
        if not problem and _is_empty(fields, is_delimited=is_delimited):
            skipped += 1
            continue
        try:
            if not raw.isascii() and not_utf8(raw):
                advice = advice or explain(source.file, raw)
                raise BadRowError(f"{not_utf8(raw)}: {advice}")
            if problem:
                raise BadRowError(problem)
            yield Row(line, raw, read(fields, line))
        except BadRowError as error:
            if bad_rows is not None:
                bad_rows.add(source, line, str(error), raw or repr(fields))
    unused = "" if table.labels is None else table.labels.unused()
    if unused:
        raise source.error(unused)
    if skipped and bad_rows is not None:
        bad_rows.note(f"{source.path}: {skipped:,} empty row{'s' * (skipped > 1)} skipped")


def _is_empty(fields: Any, *, is_delimited: bool) -> bool:
    """Return whether all fields of a row are empty, as Excel leaves them below a table.

    A single value that is missing may have others next to it that were not read, so it counts in
    delimited files alone; so do spaces, which elsewhere a user put into quotes.
    """
    values = fields.values() if isinstance(fields, dict) else fields
    if not isinstance(fields, list | tuple | dict) or len(fields) < 2 - is_delimited:
        return False
    for value in values:
        if isinstance(value, str):
            if value and (not is_delimited or not value.isspace()):
                return False
        elif value is not None and not (isinstance(value, float) and value != value):
            return False
    return True
