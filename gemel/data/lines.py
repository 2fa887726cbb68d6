"""Plain text: a question on every line."""

from collections.abc import Iterator
from contextlib import contextmanager

from gemel.data.base import LONGEST, Record, Table
from gemel.data.question_places import QuestionPlaces
from gemel.data.sources import BYTE_ORDER_MARK, Source, opened
from gemel.errors import DataError


@contextmanager
def open_lines(source: Source) -> Iterator[Table]:
    """Open a file with a question on every line; blank lines count for nothing.

    Raises:
        DataError: the file is empty.
    """
    with opened(source, newline="\n") as stream:
        first = stream.readline()
        if not first.strip(BYTE_ORDER_MARK):
            raise DataError("is empty; expected a question on every line", path=source.path)
        yield Table(_records(first, stream), QuestionPlaces(("question",), 0).read)


def _records(first: str, stream: Iterator[str]) -> Iterator[Record]:
    raw, line = first.removeprefix(BYTE_ORDER_MARK), 1
    while raw:
        if not raw.isspace():
            problem = ""
            if len(raw) > LONGEST:
                problem = f"has {len(raw):,} characters; expected {LONGEST:,} at most"
            yield line, raw, [raw.rstrip("\r\n")], problem
        raw, line = next(stream, ""), line + 1
