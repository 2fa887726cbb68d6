"""Opening a file of text, plain or gzip; what stands against the whole file is an error here."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from gemel.data.encodings import advise, wide_encoding
from gemel.errors import DataError

__all__ = ["BYTE_ORDER_MARK", "ending", "is_gzip", "opened", "require_file"]

BYTE_ORDER_MARK = "\ufeff"
_START = 1024
"""Bytes at the start of a file by which what is no UTF-8 is told."""
_PACKED = {
    b"\x1f\x8b": ("packed with gzip", "let its name end in .gz"),
    b"PK\x03\x04": ("a ZIP archive or an Excel workbook", "unpack it or save it as CSV"),
    b"PAR1\x15": ("Parquet", "let its name end in .parquet"),
}


def is_gzip(path: Path) -> bool:
    """Say whether the name ends in .gz."""
    return path.suffix.lower() == ".gz"


def ending(path: Path) -> str:
    """Give the ending that says what kind of file it is, without .gz, in small letters."""
    return Path(path.stem if is_gzip(path) else path.name).suffix.lower()


def require_file(path: Path) -> None:
    """Refuse a folder, and a file that is not there.

    Raises:
        DataError: it is one of the two.
    """
    if path.is_dir():
        raise DataError("is a folder; expected a file of pairs", path=path)
    if not path.exists():
        raise DataError("no such file", path=path)


@contextmanager
def opened(path: Path, newline: str) -> Iterator[IO[str]]:
    """Open a file of UTF-8 for reading, unpacked if its name ends in .gz.

    Bytes that are not UTF-8 come as lone surrogates (`surrogateescape`), so that one bad row does
    not hide the others. A byte-order mark comes as it stands.

    Args:
        path: the file.
        newline: what ends a line, as `open` takes it.

    Raises:
        DataError: UTF-16, UTF-32 or no text; a gzip file that is damaged or cut short.
    """
    opener: Any = gzip.open if is_gzip(path) else open
    try:
        with opener(path, "rb") as content:
            start = content.peek(_START)[:_START]
            for mark, (what, remedy) in _PACKED.items():
                if start.startswith(mark):
                    raise DataError(f"is {what}, not text; {remedy}", path=path)
            encoding = wide_encoding(start)
            if encoding is not None:
                raise DataError(f"is {encoding}, not UTF-8; {advise(path, encoding)}", path=path)
            with io.TextIOWrapper(content, "utf-8", "surrogateescape", newline) as stream:
                yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"is not a whole gzip file: {error}", path=path) from error
