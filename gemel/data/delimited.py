"""CSV, TSV and similar files, with text and line of every row."""

import csv
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice, tee
from pathlib import Path
from typing import Any

from gemel.data.bad_rows import BadRowError, BadRows
from gemel.data.column_layout import LONGEST, Layout, Record, Table
from gemel.data.columns import ALONE, AskedColumns, Columns, QuestionColumns, place_number
from gemel.data.encodings import explain, not_utf8
from gemel.data.sources import BYTE_ORDER_MARK, Source, opened
from gemel.errors import DataError

_SEPARATORS = (",", ";", "\t", "|")
"""Separators that are detected."""
_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n\w"])"?\s*', re.IGNORECASE)
"""Excel's first line that names the separator."""
_SAMPLE, _SAMPLE_LETTERS = 20, 1 << 16
"""Lines of a headerless file, and characters, that are examined for the separator."""
_WANG: dict[str, Any] = {"left": 2, "right": 3, "label": 1, "quotes": False}
_FEW = 3
"""Rows of equal width that count as evidence."""


@contextmanager
def open_delimited(
    source: Source, columns: AskedColumns, usual: str, bad_rows: BadRows | None = None
) -> Iterator[Table]:
    """Open a CSV-like file; a first line `sep=;` names its separator.

    Without columns and header, a file whose first line is a tab-separated label, two texts and an
    id is the unquoted split of Wang et al. (2017). `usual` is the separator of the extension.
    """
    path = source.path
    with opened(source, newline="") as stream:
        first = stream.readline()
        mark = BYTE_ORDER_MARK if first.startswith(BYTE_ORDER_MARK) else ""
        first = first.removeprefix(mark)
        named = _SEPARATOR_LINE.fullmatch(first)
        before = named is not None  # lines before the header or first row
        if before:
            mark, first = mark + first, stream.readline()
        if not first.strip():
            what = "begins with an empty line" if stream.read(1) else "is empty"
            expected = f"one {columns.item} a line"
            expected = f"a header and {expected}" if source.file else expected
            raise DataError(f"{what}; expected {expected}", path=path)
        is_wang = (
            isinstance(columns, Columns)
            and columns.is_open
            and columns.header is not True
            and first.count("\t") == 3
            and first.startswith(("0\t", "1\t"))
        )
        lines = [first]
        separator = columns.delimiter or (named and named[1])
        if separator is None:
            if source.file and not columns.has_header([""]):
                lines += _ahead(stream)
            separator = "\t" if is_wang else _detect_separator(lines, columns, usual)
        if bad_rows is not None and separator not in (columns.delimiter, usual, ALONE):
            bad_rows.note(f"{path}: separator: {_name(separator)}")
        if is_wang and separator == "\t":
            columns = dataclasses.replace(columns, **_WANG)
        records = _records(chain(lines, stream), separator, columns.quotes, path, int(before))
        head = next(records)
        try:
            layout = _layout(head, columns, source, separator)
        except BadRowError as error:
            problem = str(error)
            if len(head[2]) == 1 and separator != ALONE and "--delimiter" not in problem:
                columns_are = "its columns are not separated by"
                problem += f"; if {columns_are} {_name(separator)}, add --delimiter"
            raise DataError(problem, path=path, line=head[0]) from error
        if columns.has_header(head[2]):
            mark += head[1]
        else:
            records = chain([head], records)
        yield Table(records, _reader(layout, separator), layout.labels, mark)


def _name(separator: str) -> str:
    return {"\t": "tab", ALONE: "none"}.get(separator, repr(separator))


def _ahead(stream: Iterator[str]) -> Iterator[str]:
    """Yield the next few lines."""
    letters = 0
    for line in islice(stream, _SAMPLE - 1):
        yield line
        letters += len(line)
        if letters > _SAMPLE_LETTERS:
            return


def _reader(layout: Layout, separator: str) -> Callable[[list[str], int], tuple[Any, ...]]:
    """Return a reader of rows, with an error for rows of another width."""
    width, read = len(layout.names), layout.read

    def read_row(fields: list[str], line: int) -> tuple[Any, ...]:
        if len(fields) == width:
            return read(fields, line)
        advice = "complete the row or remove it"
        if len(fields) > width:
            advice = f"put quotes around fields that contain the separator, {_name(separator)}"
        raise BadRowError(f"has {len(fields)} columns; expected {width}; {advice}")

    return read_row


def _layout(head: Record, columns: AskedColumns, source: Source, separator: str) -> Layout:
    line, raw, fields, problem = head
    if problem:
        raise BadRowError(problem)
    if columns.has_header(fields):
        problem = not_utf8(raw)
        if problem:
            raise BadRowError(f"{problem}: {explain(source.file, raw)}")
        return columns.find([name.strip() for name in fields], by_number=True)
    if len(fields) == 1 and isinstance(columns, Columns):
        advice = "" if source.file else ", or its kind with --format"
        raise BadRowError(
            f"has one column; expected two or more, separated by {_name(separator)}; "
            f"name another separator with --delimiter{advice}"
        )
    layout = columns.find_numbered(len(fields))
    try:
        layout.read(fields, line)
        if columns.header is None and columns.is_usual(fields):
            problem = f"has the columns {', '.join(fields)}"
    except BadRowError as error:
        problem = str(error)
    if problem:
        advice = "it is the first row and looks like a header: if it is one, add --header"
        raise BadRowError(f"{problem}; {advice}")
    return layout


def _records(
    stream: Iterable[str], separator: str, quotes: bool, path: Path, skipped: int
) -> Iterator[Record]:
    parsed, texts = tee(stream)
    rows = _parse(parsed, separator, quotes)
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
        line = skipped + before + 1
        if problem is not None:
            yield line, raw, fields, _broken(problem, raw, count, path, line)
        elif fields:
            yield line, raw, fields, ""
        before = rows.line_num


def _parse(lines: Iterable[str], separator: str, quotes: bool) -> Any:
    """Return the `csv.reader` of some lines; broken quotes are `csv.Error`."""
    csv.field_size_limit(LONGEST)
    quoting: Any = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)


def _broken(error: csv.Error, raw: str, lines: int, path: Path, line: int) -> str:
    if "field limit" in str(error):
        error = csv.Error(f"a field of more than {LONGEST:,} characters: is one left open?")
    problem = f'has broken quotes ({error}); write a quote inside a field twice ("")'
    problem += ", or add --no-quotes if quotes are letters like others here"
    if lines == 1 and raw.count('"') % 2 == 0:
        return problem
    # A quote is still open, so no one knows where the row ends: what follows may be the rest of
    # a question and must not be taken for rows.
    problem = f"a row that begins here {problem}; where it ends is unknown, so it cannot be skipped"
    raise DataError(problem, path=path, line=line) from error


def _detect_separator(lines: Sequence[str], columns: AskedColumns, usual: str) -> str:
    """Return the separator of a file.

    A header with the requested columns decides, otherwise the separator that more than half of the
    first rows can be read with. A file with one column has none.
    """
    order = [usual, *(each for each in _SEPARATORS if each != usual)]
    heads = {each: row for each in order for row in _rows(lines[:1], each, columns)}
    widest = max(order, key=lambda each: len(heads.get(each, ())))
    headed = [each for each in heads if columns.has_header(heads[each])]
    for each in headed:
        if len(heads[each]) > 1 and _is_found(heads[each], columns):
            return each
    is_question = isinstance(columns, QuestionColumns)
    if len(headed) == len(heads):
        return ALONE if is_question and len(heads.get(widest, "..")) == 1 else widest
    rows = {each: _rows(lines, each, columns) for each in order}
    if is_question and columns.is_open:  # one column is enough
        for each in order:
            widths = set(map(len, rows[each]))
            if len(rows[each]) >= _FEW and len(widths) == 1 and widths != {1}:
                return each
        return ALONE
    if all(place_number(each) == 1 for each in columns.given if each is not None):
        rows[ALONE] = _rows(lines, ALONE, columns)
    shares = {each: _readable(rows[each], columns) for each in rows}
    if shares[usual] > 0.5:
        return usual
    best = max(shares, key=lambda each: shares[each])
    return best if shares[best] > 0.5 else widest


def _rows(lines: Sequence[str], separator: str, columns: AskedColumns) -> list[list[str]]:
    """Return the rows up to one that cannot be parsed."""
    found: list[list[str]] = []
    with suppress(csv.Error):
        for row in _parse(lines, separator, columns.quotes):
            if any(map(str.strip, row)):
                found.append(row)
    return found


def _is_found(names: Sequence[str], columns: AskedColumns) -> bool:
    try:
        columns.find([name.strip() for name in names], by_number=True)
    except BadRowError:
        return False
    return True


def _readable(rows: list[list[str]], columns: AskedColumns) -> float:
    """Return the share of the rows that fit the columns."""
    fit = 0
    with suppress(BadRowError):
        layout = columns.find_numbered(len(rows[0]) if rows else 0)
        for number, row in enumerate(rows, 1):
            with suppress(BadRowError):
                layout.read(row, number)
                fit += 1
    return fit / max(len(rows), 1)
