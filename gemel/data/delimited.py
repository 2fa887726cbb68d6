"""CSV, TSV and similar files, with text and line of every row."""

import csv
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice, tee
from pathlib import Path
from typing import Any

from gemel.data.bad_rows import BadRowError, BadRows
from gemel.data.base import LONGEST, Record, Table
from gemel.data.column_layout import Places, QuestionPlaces, find_asked, numbered_asked
from gemel.data.columns import AskedColumns, Columns
from gemel.data.encodings import explain, not_utf8
from gemel.data.separator_detection import SAMPLE, detect_separator, is_wang
from gemel.data.separators import ALONE, delimited_rows, separator_line, separator_name
from gemel.data.sources import BYTE_ORDER_MARK, Source, opened
from gemel.errors import DataError

_SAMPLE_LETTERS = 1 << 16
"""Characters of the sample for separator detection."""


@contextmanager
def open_delimited(
    source: Source, columns: AskedColumns, usual: str, bad_rows: BadRows | None = None
) -> Iterator[Table]:
    """Open a CSV-like file; a first line `sep=;` names its separator.

    Args:
        source: the file or stream.
        columns: requested columns. Without columns and header, a file whose first line is a
            tab-separated label, two texts and an id is the unquoted split of Wang et al. (2017).
        usual: separator of the file's extension.
        bad_rows: notes another separator.

    Raises:
        DataError: missing columns, or broken quotes.
    """
    path = source.path
    with opened(source, newline="") as stream:
        first = stream.readline()
        mark = BYTE_ORDER_MARK if first.startswith(BYTE_ORDER_MARK) else ""
        first = first.removeprefix(mark)
        named = separator_line(first)
        before = named is not None  # lines before the header or first row
        if before:
            mark, first = mark + first, stream.readline()
        if not first.strip():
            what = "begins with an empty line" if stream.read(1) else "is empty"
            expected = f"one {columns.item} a line"
            expected = f"a header and {expected}" if source.file else expected
            raise DataError(f"{what}; expected {expected}", path=path)
        lines = [first]
        separator = columns.delimiter or named
        if separator is None:
            if source.file and not columns.has_header([""]):
                lines += _ahead(stream)
            separator = detect_separator(lines, columns, usual)
        if bad_rows is not None and separator not in (columns.delimiter, usual, ALONE):
            bad_rows.note(f"{path}: separator: {separator_name(separator)}")
        is_open = not columns.is_told and columns.header is not True
        if isinstance(columns, Columns) and is_open and separator == "\t" and is_wang(first):
            columns = dataclasses.replace(columns, left=2, right=3, label=1, quotes=False)
        records = _records(chain(lines, stream), separator, columns.quotes, path, int(before))
        head = next(records)
        try:
            places = _places(head, columns, source, separator)
        except BadRowError as error:
            problem = str(error)
            if len(head[2]) == 1 and separator != ALONE and "--delimiter" not in problem:
                name = separator_name(separator)
                problem += f"; if its columns are not separated by {name}, add --delimiter"
            raise DataError(problem, path=path, line=head[0]) from error
        if columns.has_header(head[2]):
            mark += head[1]
        else:
            records = chain([head], records)
        yield Table(records, _reader(places, separator), mark, getattr(places, "labels", None))


def _ahead(stream: Iterator[str]) -> Iterator[str]:
    """Yield the next few lines."""
    letters = 0
    for line in islice(stream, SAMPLE - 1):
        yield line
        letters += len(line)
        if letters > _SAMPLE_LETTERS:
            return


def _reader(
    places: Places | QuestionPlaces, separator: str
) -> Callable[[list[str], int], tuple[Any, ...]]:
    """Return a reader of rows, with an error for rows of another width."""
    width, read = len(places.names), places.read

    def read_row(fields: list[str], line: int) -> tuple[Any, ...]:
        if len(fields) == width:
            return read(fields, line)
        advice = "complete the row or remove it"
        if len(fields) > width:
            name = separator_name(separator)
            advice = f"put quotes around fields that contain the separator, {name}"
        raise BadRowError(f"has {len(fields)} columns; expected {width}; {advice}")

    return read_row


def _places(
    head: Record, columns: AskedColumns, source: Source, separator: str
) -> Places | QuestionPlaces:
    line, raw, fields, problem = head
    if problem:
        raise BadRowError(problem)
    if not columns.has_header(fields):
        if len(fields) == 1 and isinstance(columns, Columns):
            advice = "" if source.file else ", or its kind with --format"
            raise BadRowError(
                f"has one column; expected two or more, separated by {separator_name(separator)}; "
                f"name another separator with --delimiter{advice}"
            )
        places = numbered_asked(len(fields), columns)
        _refuse_header(places, fields, line, columns)
        return places
    problem = not_utf8(raw)
    if problem:
        raise BadRowError(f"{problem}: {explain(source.file, raw)}")
    return find_asked([name.strip() for name in fields], columns, by_number=True)


def _refuse_header(
    places: Places | QuestionPlaces, fields: list[str], line: int, columns: AskedColumns
) -> None:
    """Raise if a first row does not fit: it may be a header."""
    problem = ""
    try:
        places.read(fields, line)
        if columns.header is None and columns.is_usual(fields):
            problem = f"has the columns {', '.join(fields)}"
    except BadRowError as error:
        problem = str(error)
    if problem:
        raise BadRowError(
            f"{problem}; it is the first row and looks like a header: if it is one, add --header"
        )


def _records(
    stream: Iterable[str], separator: str, quotes: bool, path: Path, skipped: int
) -> Iterator[Record]:
    parsed, texts = tee(stream)
    rows = delimited_rows(parsed, separator, quotes=quotes)
    before = 0  # lines
    while True:
        fields, problem = [], None
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            problem = error
        count = rows.line_num - before
        raw = next(texts) if count == 1 else "".join(islice(texts, count))
        if problem is not None:
            line = skipped + before + 1
            yield line, raw, fields, _broken(problem, raw, count, path, line)
        elif fields:
            yield skipped + before + 1, raw, fields, ""
        before = rows.line_num


def _broken(error: csv.Error, raw: str, lines: int, path: Path, line: int) -> str:
    if "field limit" in str(error):
        error = csv.Error(f"a field of more than {LONGEST:,} characters: is one left open?")
    problem = f'has broken quotes ({error}); write a quote inside a field twice ("")'
    problem += ", or add --no-quotes if quotes are letters like others here"
    if lines == 1 and raw.count('"') % 2 == 0:
        return problem
    # A quote is still open, so no one knows where the row ends: what follows may be the rest of
    # a question and must not be taken for rows.
    raise DataError(
        f"a row that begins here {problem}; where it ends is unknown, so it cannot be skipped",
        path=path,
        line=line,
    ) from error
