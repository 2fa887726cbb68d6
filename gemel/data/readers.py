"""Reading pairs from a file; what cannot be read is an error that names file and line."""

import csv
import gzip
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gemel.data.pairs import Pairs, QuestionPair
from gemel.errors import DataError

__all__ = ["Columns", "read_pairs", "stream_pairs"]

_LAYOUTS = (
    ("question1", "question2", "is_duplicate"),  # Quora, Kaggle
    ("sentence1", "sentence2", "label"),  # GLUE
)
_LABELS = {"0": False, "1": True, "false": False, "true": True}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold the two questions and the label; None means the names that are usual."""

    left: str | None = None
    """Header of the first question."""
    right: str | None = None
    """Header of the second question."""
    label: str | None = None
    """Header of the label, whose values are 0 and 1, or false and true."""


def read_pairs(path: str | Path, columns: Columns | None = None) -> Pairs:
    """Read a whole file of labelled pairs.

    Args:
        path: a `.csv` or `.tsv` file, `.gz` allowed behind it.
        columns: names of the three columns, where they are not the usual ones.

    Raises:
        DataError: no such file, no rows, no such columns, a row that does not fit.
    """
    path = Path(path)
    pairs = Pairs.collect(stream_pairs(path, columns), path)
    if not len(pairs):
        raise DataError("has a header but no pairs", path=path)
    return pairs


def stream_pairs(path: str | Path, columns: Columns | None = None) -> Iterator[QuestionPair]:
    """Yield the labelled pairs of a file one after the other; see `read_pairs`.

    Layouts known without being told: a header with `question1, question2, is_duplicate` (Quora,
    Kaggle) or `sentence1, sentence2, label` (GLUE), and the headerless, unquoted four columns
    `label, question1, question2, id` of the Wang et al. (2017) split.
    """
    path = Path(path)
    with _opened(path) as stream:
        separator = _separator(path)
        first = stream.readline()
        if not first.strip():
            what = "begins with an empty line" if stream.read(1) else "is empty"
            raise DataError(f"{what}; expected a header and one pair a line", path=path)
        stream.seek(0)
        headerless = separator == "\t" and _is_wang(first)
        quoting: Any = csv.QUOTE_NONE if headerless else csv.QUOTE_MINIMAL
        rows = csv.reader(stream, delimiter=separator, quoting=quoting, strict=True)
        numbered = _numbered(rows, path)
        if headerless:
            places, width = (1, 2, 0), 4
        else:
            _, header = next(numbered)
            places, width = _places(header, columns or Columns(), path), len(header)
        for line, row in numbered:
            if row:
                yield _pair(row, places, width, path, line)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    csv.field_size_limit(sys.maxsize)
    if path.is_dir():
        raise DataError("is a folder; expected a file of pairs", path=path)
    opener: Any = gzip.open if _is_gzip(path) else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    except FileNotFoundError as error:
        raise DataError("no such file", path=path) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"is not UTF-8 (byte {error.object[error.start]:#04x}: {error.reason}); "
            "save it as UTF-8, for example with iconv -f ITS-ENCODING -t UTF-8",
            path=path,
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"is not a whole gzip file: {error}", path=path) from error


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _separator(path: Path) -> str:
    kind = Path(path.stem if _is_gzip(path) else path.name).suffix.lower()
    if kind not in (".csv", ".tsv"):
        raise DataError("is of no known kind; expected a name ending in .csv or .tsv", path=path)
    return "," if kind == ".csv" else "\t"


def _is_wang(first_line: str) -> bool:
    fields = first_line.rstrip("\r\n").split("\t")
    return len(fields) == 4 and fields[0] in ("0", "1")


def _numbered(rows: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it begins on, counted from 1."""
    line = 1
    try:
        for row in rows:
            yield line, row
            line = rows.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"a row that begins here has broken quotes ({error}); "
            'write a quote inside a field twice ("")',
            path=path,
            line=line,
        ) from error


def _places(header: list[str], columns: Columns, path: Path) -> tuple[int, int, int]:
    names = [name.strip() for name in header]
    given = (columns.left, columns.right, columns.label)
    for layout in _LAYOUTS:
        wanted = [own or usual for own, usual in zip(given, layout, strict=True)]
        if all(name in names for name in wanted):
            _refuse_doubles(names, wanted, path)
            left, right, label = (names.index(name) for name in wanted)
            return left, right, label
    usual = " or ".join(", ".join(layout) for layout in _LAYOUTS)
    missing = [name for name in given if name is not None and name not in names]
    problem = f"has no column {', '.join(missing)}" if missing else f"has no columns {usual}"
    raise DataError(
        f"{problem}; it has: {_show(names)}; name them with --left, --right and --label",
        path=path,
        line=1,
    )


def _show(names: list[str]) -> str:
    shown = ", ".join(names)[:200]
    return shown if shown.isprintable() else repr(shown)


def _refuse_doubles(names: list[str], wanted: list[str], path: Path) -> None:
    for name in wanted:
        if wanted.count(name) > 1:
            raise DataError(f"cannot read two things from one column, {name}", path=path, line=1)
        if names.count(name) > 1:
            raise DataError(f"has {names.count(name)} columns named {name}", path=path, line=1)


def _pair(
    row: Sequence[str], places: tuple[int, int, int], width: int, path: Path, line: int
) -> QuestionPair:
    if len(row) != width:
        raise DataError(f"has {len(row)} columns; expected {width}", path=path, line=line)
    left, right, label = (row[place] for place in places)
    is_duplicate = _LABELS.get(label.strip().lower())
    if is_duplicate is None:
        raise DataError(f"has the label {label!r:.40}; expected 0 or 1", path=path, line=line)
    return QuestionPair(left, right, is_duplicate, line)
