"""Word vectors as text: a word and its numbers on every line."""

import functools
import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from gemel.data.sources import is_gzip
from gemel.errors import DataError

_LONGEST = 1 << 20
"""Bytes of a line."""
_MOST = 8192
"""Numbers in a vector."""
_HEADER = 2
_DIGITS = 18
_ZIP = b"PK\x03\x04"


class TextVectors:
    """Reads lines as GloVe writes them, or word2vec, whose first says how many there are.

    Args:
        path: the file.

    Raises:
        DataError: its first lines are of neither kind.
    """

    def __init__(self, path: Path):
        self.path = path
        self.progress: tuple[int, int | None] = (0, path.stat().st_size)
        """Bytes of the file that are read, and all."""
        if path.name.removesuffix(".gz").endswith(".bin"):
            raise DataError(
                "is binary, as its name says; expected text: word2vec writes it with -binary 0, "
                "gensim by save_word2vec_format(..., binary=False)",
                path=path,
            )
        with _Reading(self) as stream:
            first = stream.next_line()
            if first.startswith(_ZIP):
                raise DataError("is a ZIP archive; unpack it, and name a file of it", path=path)
            parts = first.split()
            self.promised: int | None = None
            if len(parts) == _HEADER and all(
                part.isdigit() and len(part) <= _DIGITS for part in parts
            ):
                self.promised, self.dim = (int(part) for part in parts)
            else:
                self.dim = len(parts) - 1
        self.kind = "text" if self.promised is None else "text of word2vec"
        self.mark = b"\t" if b" " not in first.strip() and b"\t" in first else b" "
        if not 1 <= self.dim <= _MOST or (self.promised is None and not _is_number(parts[-1])):
            raise DataError(
                f"is no text of word vectors: its first line is {first[:40]!r}; expected a word "
                "and its numbers, or how many words and numbers there are",
                path=path,
            )

    def read(self) -> Iterator[tuple[bytes, Callable[[], Float32[np.ndarray, "dim"]]]]:
        """Yield every word, and what makes its vector of the text.

        Raises:
            DataError: a line has another number of numbers; the file is cut short. Numbers that are
                none are found when a vector is made.
        """
        number, dim = 0, self.dim
        with _Reading(self) as stream:
            if self.promised is not None:
                stream.next_line()
                number = 1
            while line := stream.next_line():
                number += 1
                line = line.rstrip(b" \t\r\n")
                word, _, numbers = line.partition(self.mark)
                if numbers.count(self.mark) != dim - 1:
                    word, numbers = self._with_spaces(line, number)
                yield word, functools.partial(self._row, numbers, number)
        words = number - (self.promised is not None)
        if self.promised is not None and words != self.promised:
            raise DataError(
                f"promises {self.promised:,} words in its first line, and has {words:,}; it is cut "
                "short, or two were put together",
                path=self.path,
            )

    def _with_spaces(self, line: bytes, number: int) -> tuple[bytes, bytes]:
        """Take a line apart whose word has spaces, as some of GloVe's have."""
        parts = line.split(self.mark)
        extra = len(parts) - 1 - self.dim
        # Unless each further part of a word is no number, the numbers are too many.
        if extra < 1 or any(_is_number(part) for part in parts[1 : 1 + extra]):
            raise DataError(
                f"has {max(len(parts) - 1, 0)} numbers behind its word; expected {self.dim}",
                path=self.path,
                line=number,
            )
        return self.mark.join(parts[: 1 + extra]), self.mark.join(parts[1 + extra :])

    def _row(self, numbers: bytes, line: int) -> Float32[np.ndarray, "dim"]:
        problem = ""
        try:
            with np.errstate(over="ignore"):
                row = np.array([float(part) for part in numbers.split(self.mark)]).astype(
                    np.float32
                )
        except ValueError as error:
            problem = str(error)
        else:
            problem = "" if np.isfinite(row).all() else "a number is not finite"
        if problem:
            raise DataError(f"has no vector behind its word: {problem}", path=self.path, line=line)
        return row


class _Reading:
    """A file that is open, unpacked if need be."""

    def __init__(self, owner: TextVectors):
        self.owner = owner

    def __enter__(self) -> "_Reading":
        path = self.owner.path
        self.raw: Any = path.open("rb")
        self.stream: Any = gzip.GzipFile(fileobj=self.raw) if is_gzip(path) else self.raw
        self.number = 0
        return self

    def __exit__(self, *error: object) -> None:
        self.stream.close()
        self.raw.close()

    def next_line(self) -> bytes:
        """Read a line; empty at the end."""
        path = self.owner.path
        self.number += 1
        try:
            line: bytes = self.stream.readline(_LONGEST)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"is not a whole gzip file: {error}", path=path) from error
        if len(line) == _LONGEST:
            raise DataError(
                f"has no end within {_LONGEST:,} bytes; is it text?", path=path, line=self.number
            )
        if not self.number % 1000:
            self.owner.progress = (self.raw.tell(), self.owner.progress[1])
        return line


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True
