"""CSV and TSV, with the text and the line of every row."""

import csv
import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice, tee
from pathlib import Path
from typing import Any

from gemel.data.asking import find_asked, numbered_asked
from gemel.data.bad_rows import BadRowError
from gemel.data.columns import AskedColumns, Columns
from gemel.data.encodings import explain, not_utf8
from gemel.data.places import Places
from gemel.data.question_places import QuestionPlaces
from gemel.data.records import LONGEST, Record, Table
from gemel.data.sources import BYTE_ORDER_MARK, Source, opened
from gemel.errors import DataError

__all__ = ["open_delimited"]

_NAMES = {",": "comma", "\t": "tab"}


@contextmanager
def open_delimited(source: Source, columns: AskedColumns, separator: str) -> Iterator[Table]:
    """Open a CSV or TSV file.

    Args:
        source: the file or stream.
        columns: what is given. If no column and no header is, a TSV file whose first line is a
            label, two texts and an id is the headerless, unquoted split of Wang et al. (2017).
        separator: a comma or a tab.

    Raises:
        DataError: no such columns, or quotes so broken that no row can be told.
    """
    path = source.path
    with opened(source, newline="") as stream:
        first = stream.readline()
        mark = BYTE_ORDER_MARK if first.startswith(BYTE_ORDER_MARK) else ""
        first = first.removeprefix(mark)
        if not first.strip():
            what = "begins with an empty line" if stream.read(1) else "is empty"
            expected = f"one {columns.item} a line"
            expected = f"a header and {expected}" if source.file else expected
            raise DataError(f"{what}; expected {expected}", path=path)
        is_open = not columns.is_told and columns.header is not True
        if isinstance(columns, Columns) and is_open and separator == "\t" and _is_wang(first):
            columns = dataclasses.replace(columns, left=2, right=3, label=1, quotes=False)
        records = _records(chain([first], stream), separator, columns.quotes, path)
        head = next(records)
        try:
            places = _places(head, columns, source, separator)
        except BadRowError as error:
            raise DataError(str(error), path=path, line=1) from error
        if columns.has_header(head[2]):
            yield Table(records, places.read, mark + head[1])
        else:
            yield Table(chain([head], records), places.read, mark)


def _is_wang(first: str) -> bool:
    fields = first.rstrip("\r\n").split("\t")
    return len(fields) == 4 and fields[0] in ("0", "1")


def _places(
    head: Record, columns: AskedColumns, source: Source, separator: str
) -> Places | QuestionPlaces:
    line, raw, fields, problem = head
    if problem:
        raise BadRowError(problem)
    if not columns.has_header(fields):
        if len(fields) == 1 and isinstance(columns, Columns):
            advice = "" if source.file else "; if it is of another kind, say so with --format"
            raise BadRowError(f"has one column, for no {_NAMES[separator]} parts it{advice}")
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
    """Refuse a first row that does not fit: without a label it is the header."""
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


def _records(stream: Iterable[str], separator: str, quotes: bool, path: Path) -> Iterator[Record]:
    csv.field_size_limit(LONGEST)
    quoting: Any = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    parsed, texts = tee(stream)
    rows = csv.reader(parsed, delimiter=separator, quoting=quoting, strict=True)
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
            yield before + 1, raw, fields, _broken(problem, raw, count, path, before + 1)
        elif fields:
            yield before + 1, raw, fields, ""
        before = rows.line_num


def _broken(error: csv.Error, raw: str, lines: int, path: Path, line: int) -> str:
    if "field limit" in str(error):
        error = csv.Error(f"a field of more than {LONGEST:,} characters: is one left open?")
    problem = f'has broken quotes ({error}); write a quote inside a field twice ("")'
    problem += ", or add --no-quotes if quotes are letters like others here"
    if lines == 1 and raw.count('"') % 2 == 0:
        return problem
    # A quote is still open, so nobody knows where the row ends: what follows may be the rest of
    # a question and must not be taken for rows.
    raise DataError(
        f"a row that begins here {problem}; where it ends is unknown, so it cannot be skipped",
        path=path,
        line=line,
    ) from error
