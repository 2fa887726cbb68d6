"""Sources of pairs: files, streams, Python data."""

import difflib
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gemel.data.encodings import advise, wide_encoding
from gemel.data.frames import Rows, find_unfit, index_label
from gemel.errors import DataError

BYTE_ORDER_MARK = "\ufeff"
KINDS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""Extensions of readable files."""
_START = 1024
"""Bytes by which an encoding is detected."""
_PACKED = {
    b"\x1f\x8b": ("packed with gzip", "let its name end in .gz"),
    b"PK\x03\x04": ("a ZIP archive or an Excel workbook", "unpack it or save it as CSV"),
    b"PAR1\x15": ("Parquet", "let its name end in .parquet"),
}


@dataclass(frozen=True, eq=False)
class Source:
    """A file, a stream such as standard input, or Python data."""

    path: Path
    """The file, or the source's name in errors."""
    kind: str
    """Extension that selects the reader; empty for Python data."""
    stream: Any = None
    """A byte stream with `peek`."""
    rows: Any = None
    """A frame, or rows; see `gemel.data.frames`."""

    @classmethod
    def of(cls, source: "str | Path | Rows | Source") -> "Source":
        """Make a source of a path or Python data; None is a `DataError`."""
        if isinstance(source, Source):
            return source
        if isinstance(source, str | Path):
            return cls(Path(source), ending(Path(source)))
        if source is None:
            raise DataError(f"NoneType: {find_unfit(source)}")
        return cls(Path(type(source).__name__), "", rows=source)

    @property
    def file(self) -> Path | None:
        """The file, which can be read again; None for others."""
        return self.path if self.stream is None and self.rows is None else None

    def require(self) -> None:
        """Raise `DataError` for a folder, a missing file, or an object without rows."""
        problem = "" if self.rows is None else find_unfit(self.rows)
        if problem:
            raise self.error(problem)
        if self.file is not None and self.file.is_dir():
            raise DataError("is a folder; expected a file, such as one in it", path=self.path)
        if self.file is not None and not self.file.exists():
            raise DataError(f"no such file; {_what_is_there(self.file)}", path=self.path)

    def error(self, message: str, line: int | None = None) -> DataError:
        """Return an error about the source or one of its lines."""
        if self.rows is None:
            return DataError(message, path=self.path, line=line)
        where = str(self.path)
        if line is not None:
            label = index_label(self.rows, line)
            where += f", row {line}" + f" (index {label})" * bool(label)
        return DataError(f"{where}: {message}", line=line)


def is_gzip(path: Path) -> bool:
    """Return whether the name ends in .gz."""
    return path.suffix.lower() == ".gz"


def ending(path: Path) -> str:
    """Return the extension, without .gz, in lower case."""
    return Path(path.stem if is_gzip(path) else path.name).suffix.lower()


@contextmanager
def opened(source: Source, newline: str) -> Iterator[IO[str]]:
    """Open a source as text, unpacking .gz; a stream stays open.

    Bytes that are not UTF-8 become lone surrogates (`surrogateescape`); UTF-16 and UTF-32 are a
    `DataError`. A byte-order mark stays in the text.
    """
    path = source.path
    opener: Any = gzip.open if is_gzip(path) else open
    try:
        with opener(path, "rb") if source.stream is None else nullcontext(source.stream) as content:
            start = content.peek(_START)[:_START]
            for mark, (what, remedy) in _PACKED.items():
                if start.startswith(mark):
                    remedy = remedy if source.file else "unpack it first, or name the file"
                    raise DataError(f"is {what}, not text; {remedy}", path=path)
            encoding = wide_encoding(start)
            if encoding is not None:
                advice = advise(source.file, encoding)
                raise DataError(f"is {encoding}, not UTF-8; {advice}", path=path)
            text = io.TextIOWrapper(content, "utf-8", "surrogateescape", newline)
            try:
                yield text
            finally:
                text.detach()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"is not a whole gzip file: {error}", path=path) from error


def _what_is_there(path: Path) -> str:
    """Suggest a name where a file is missing."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}; look at what was typed"
    names = [each.name for each in folder.iterdir()]
    similar = difflib.get_close_matches(path.name, names, n=1, cutoff=0.75)
    return f"did you mean {folder / similar[0]}?" if similar else f"ls {folder} lists what is there"
