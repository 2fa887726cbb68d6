"""Detection of the separator of a CSV-like file."""

import csv
from collections.abc import Sequence

from gemel.data.bad_rows import BadRowError
from gemel.data.column_layout import find_asked, numbered_asked
from gemel.data.columns import AskedColumns, Columns, QuestionColumns, place_number
from gemel.data.separators import ALONE, SEPARATORS, delimited_rows

SAMPLE = 20
"""Lines of a headerless file that are examined."""
_FEW = 3
"""Rows of equal width that count as evidence."""


def detect_separator(lines: Sequence[str], columns: AskedColumns, usual: str) -> str:
    """Return the separator of a file.

    A header with the requested columns decides, otherwise the separator that more than half of the
    first rows can be read with. A file with one column has none.

    Args:
        lines: the first lines, header included.
        columns: requested columns.
        usual: separator of the file's extension, the default.
    """
    is_open = isinstance(columns, Columns) and not columns.is_told and columns.header is not True
    if is_open and is_wang(lines[0]):
        return "\t"
    order = [usual, *(each for each in SEPARATORS if each != usual)]
    heads = {each: _rows(lines[:1], each, columns)[:1] for each in order}
    fields = {each: found[0] for each, found in heads.items() if found}
    widest = max(order, key=lambda each: len(fields.get(each, ())))
    headed = [each for each in fields if columns.has_header(fields[each])]
    for each in headed:
        if len(fields[each]) > 1 and _is_found(fields[each], columns):
            return each
    if len(headed) == len(fields):
        is_single = isinstance(columns, QuestionColumns) and len(fields.get(widest, "..")) == 1
        return ALONE if is_single else widest
    return _of_rows(lines, columns, order, widest)


def is_wang(first: str) -> bool:
    """Return whether a line looks like the split of Wang et al. (2017): label, two texts, id."""
    fields = first.rstrip("\r\n").split("\t")
    return len(fields) == 4 and fields[0] in ("0", "1")


def _of_rows(lines: Sequence[str], columns: AskedColumns, order: list[str], widest: str) -> str:
    rows = {each: _rows(lines, each, columns) for each in order}
    if isinstance(columns, QuestionColumns) and not columns.is_told:  # one column is enough
        for each in order:
            widths = {len(row) for row in rows[each]}
            if len(rows[each]) >= _FEW and len(widths) == 1 and widths != {1}:
                return each
        return ALONE
    if all(place_number(each) == 1 for each in columns.given if each is not None):
        order, rows = [*order, ALONE], {**rows, ALONE: _rows(lines, ALONE, columns)}
    shares = [_readable(rows[each], columns) for each in order]
    if shares[0] > 0.5 or max(shares) <= 0.5:
        return order[0] if shares[0] > 0.5 else widest
    return order[shares.index(max(shares))]


def _rows(lines: Sequence[str], separator: str, columns: AskedColumns) -> list[list[str]]:
    """Return the rows up to one that cannot be parsed."""
    found: list[list[str]] = []
    try:
        for row in delimited_rows(lines, separator, quotes=columns.quotes):
            if any(map(str.strip, row)):
                found.append(row)
    except csv.Error:
        pass
    return found


def _is_found(names: Sequence[str], columns: AskedColumns) -> bool:
    try:
        find_asked([name.strip() for name in names], columns, by_number=True)
    except BadRowError:
        return False
    return True


def _readable(rows: list[list[str]], columns: AskedColumns) -> float:
    """Return the share of the rows that fit the columns."""
    if not rows:
        return 0.0
    try:
        places = numbered_asked(len(rows[0]), columns)
    except BadRowError:
        return 0.0
    fit = 0
    for number, row in enumerate(rows, 1):
        try:
            places.read(row, number)
            fit += 1
        except BadRowError:
            pass
    return fit / len(rows)
