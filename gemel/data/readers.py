"""Read pairs and questions; bad rows are errors, or counted and listed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from gemel.data.bad_rows import BadRowError, BadRows
from gemel.data.column_layout import QuestionRow, Table
from gemel.data.columns import AskedColumns, Columns, QuestionColumns, UnlabelledColumns
from gemel.data.delimited import open_delimited
from gemel.data.encodings import explain, not_utf8
from gemel.data.frames import Rows
from gemel.data.line_files import open_json_lines, open_lines
from gemel.data.markup import without_html
from gemel.data.pairs import Pairs, QuestionPair
from gemel.data.sources import Source, is_gzip
from gemel.data.tables import open_parquet, open_rows
from gemel.errors import DataError

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_LINES = (".jsonl", ".ndjson")


class Row(NamedTuple):
    """A row of a file."""

    line: int
    """First line, from 1; in Parquet the row."""
    raw: str
    """Text with line end; empty where rows are not text."""
    items: tuple[Any, ...]
    """Pairs (two, for anchor, positive and negative), or one question."""


class UnlabelledPair(NamedTuple):
    """Two questions without label; see `Row`."""

    left: str
    right: str
    line: int
    raw: str


def read_pairs(
    path: str | Path | Source | Rows, columns: Columns | None = None, skip_bad: int | BadRows = 0
) -> Pairs:
    """Read a file of labelled pairs.

    Args:
        path: a `.csv`, `.tsv`, `.jsonl` or `.ndjson` file, also with `.gz`, or `.parquet`; or a
            frame of pandas, Polars or pyarrow, a Hugging Face data set, or rows: tuples (left,
            right, label), `QuestionPair`s, or mappings.
        columns: columns, if not the usual ones.
        skip_bad: number of bad rows to skip; a `BadRows` counts and lists them.

    Raises:
        DataError: a missing or empty file, missing columns, or a bad row.
        MissingExtraError: Parquet needs pyarrow.
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
    """Yield the labelled pairs of a file; see `read_pairs`.

    Known layouts: `question1, question2, is_duplicate` (Quora, Kaggle) or `label`; `sentence1,
    sentence2, label` (GLUE); `anchor, positive` and optionally `negative`; and the headerless,
    unquoted `label, question1, question2, id` of Wang et al. (2017).
    """
    for row in stream_rows(path, columns, skip_bad):
        yield from row.items


def stream_unlabelled(
    source: str | Path | Source | Rows, columns: Columns | None = None, skip_bad: int | BadRows = 0
) -> Iterator[UnlabelledPair]:
    """Yield the questions of a file or stream, two a row, without label or negative.

    The layouts of `stream_pairs` are known, with or without label. A CSV or TSV stream has a header
    only if its first line is one of these; two columns need not be named.
    """
    source = Source.of(source)
    options = {**vars(columns or Columns()), "label": None, "same": None}
    wanted = UnlabelledColumns(**options, is_stream=source.stream is not None)
    for row in stream_rows(source, wanted, skip_bad):
        for pair in row.items:
            yield UnlabelledPair(pair.left, pair.right, row.line, row.raw)


def stream_questions(
    source: str | Path | Source | Rows,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows | None = 0,
) -> Iterator[QuestionRow]:
    """Yield the questions of a file or stream, one a row; see `stream_rows`.

    Also read are a `.txt` file (also `.gz`) with a question a line, a list of texts and a column of
    a frame. Metadata of a text file are text, unless `columns` gives a type (`year:int`).
    """
    for row in stream_rows(source, columns or QuestionColumns(), skip_bad):
        yield from row.items


def stream_rows(
    path: str | Path | Source | Rows,
    columns: AskedColumns | None = None,
    skip_bad: int | BadRows | None = 0,
) -> Iterator[Row]:
    """Yield the rows of a file with text and pairs; see `read_pairs`.

    With `skip_bad` None bad rows are skipped without counting.
    """
    source = Source.of(path)
    columns = columns or Columns()
    bad_rows = None if skip_bad is None else BadRows.of(skip_bad)
    with open_table(source, columns, bad_rows) as table:
        yield from without_html(rows_of(table, source, bad_rows), source, columns.html, bad_rows)


def open_table(
    source: Source, columns: AskedColumns | None = None, bad_rows: BadRows | None = None
) -> AbstractContextManager[Table]:
    """Open a file by its extension; see `read_pairs`.

    An unknown extension, or `.txt`, is read as CSV if `columns` has a delimiter.
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
        if not columns.is_open:
            raise source.error(
                "has a question on every line, and no columns that could be named; expected a "
                ".csv, .tsv, .jsonl or .parquet file for that"
            )
        return open_lines(source)
    if source.kind in _LINES:
        return open_json_lines(source, columns)
    if source.kind == ".parquet" and source.file and not is_gzip(source.file):
        return open_parquet(source, columns)
    lines = ".txt, " if isinstance(columns, QuestionColumns) else ""
    raise DataError(
        f"is of no known kind; expected a name ending in {lines}.csv, .tsv, .jsonl or .ndjson, "
        "perhaps with .gz behind it, or in .parquet, or --delimiter for a file like CSV",
        path=source.path,
    )


def rows_of(table: Table, source: Source, bad_rows: BadRows | None) -> Iterator[Row]:
    """Yield the rows of a table from `open_table`.

    `bad_rows` receives bad ones; None if an earlier reading did.
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

    Only in delimited files, whose rows are read completely, one field is enough.
    """
    if not isinstance(fields, list | tuple | dict) or len(fields) < 2 - is_delimited:
        return False
    for value in fields.values() if isinstance(fields, dict) else fields:
        if isinstance(value, str):
            if value and (not is_delimited or not value.isspace()):
                return False
        elif value is not None and not (isinstance(value, float) and value != value):
            return False
    return True
