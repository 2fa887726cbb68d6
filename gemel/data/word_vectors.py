"""Pretrained word vectors: GloVe and word2vec text, safetensors."""

import contextlib
import functools
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32
from safetensors import SafetensorError, safe_open

from gemel.data.sources import is_gzip
from gemel.errors import ConfigError, DataError
from gemel.text import Progress, clean

_NAME = "vectors"
_LOT = 4096
"""Rows that are read at a time."""
_KINDS = ("F16", "F32", "F64")


class TensorVectors:
    """Reads the rows of a tensor, and a word for each.

    Args:
        path: the file.

    Raises:
        DataError: it is no safetensors file, has no such tensor, or nothing tells its words.
    """

    def __init__(self, path: Path):
        self.path = path
        with self._opened() as file:
            self.name = self._tensor(file)
            shown = file.get_slice(self.name)
            self.rows, self.dim = shown.get_shape()
            if shown.get_dtype() not in _KINDS or not self.dim:
                raise DataError(
                    f"the tensor {self.name} is {shown.get_dtype()} of shape {shown.get_shape()}; "
                    f"expected {', '.join(_KINDS)}",
                    path=path,
                )
            self.listed = (file.metadata() or {}).get("words")
        self.progress: tuple[int, int | None] = (0, self.rows)
        """Rows that are read, and all."""
        stem = path.name.removesuffix(".safetensors")
        beside = [path.with_name(f"{stem}{end}") for end in (".words.txt", ".txt")]
        self.beside = next((each for each in beside if each.is_file()), None)
        if self.listed is None and self.beside is None:
            raise DataError(
                "has no words: neither a JSON list under `words` in its metadata, nor a file "
                f"{beside[0].name} or {beside[1].name} next to it, with a word on every line",
                path=path,
            )
        where = "metadata" if self.listed is not None else str(self.beside and self.beside.name)
        self.kind = f"tensor {self.name}, words from {where}"

    def read(self) -> Iterator[tuple[bytes, Callable[[], Float32[np.ndarray, "dim"]]]]:
        """Yield every word, and what gives its vector.

        Raises:
            DataError: more words than rows, or fewer; a vector that is not finite, when it is made.
        """
        words = self._words()
        with self._opened() as file:
            shown = file.get_slice(self.name)
            for start in range(0, self.rows, _LOT):
                lot = shown[start : min(start + _LOT, self.rows)]
                self.progress = (start, self.rows)
                for place, row in enumerate(lot, start):
                    word = next(words, None)
                    if word is None:
                        raise self._wrong(f"{place:,}")
                    yield word, functools.partial(self._row, row, place)
        if next(words, None) is not None:
            raise self._wrong("more")

    def _wrong(self, count: str) -> DataError:
        return DataError(
            f"has {self.rows:,} rows, but {count} words ({self.kind}); expected one for each",
            path=self.path,
        )

    def _row(self, row: np.ndarray, place: int) -> Float32[np.ndarray, "dim"]:
        with np.errstate(over="ignore"):
            numbers = row.astype(np.float32)
        if not np.isfinite(numbers).all():
            raise DataError(f"row {place:,}, from 0, holds numbers not finite", path=self.path)
        return numbers

    def _words(self) -> Iterator[bytes]:
        if self.listed is None and self.beside is not None:
            with self.beside.open("rb") as stream:
                for line in stream:
                    yield line.rstrip(b"\r\n")
            return
        try:
            words = json.loads(self.listed or "")
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"the words in its metadata are no JSON: {error}", path=self.path
            ) from error
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise DataError("the words in its metadata are no JSON list of texts", path=self.path)
        for word in words:
            yield word.encode("utf-8", "surrogatepass")

    def _tensor(self, file: Any) -> str:
        shapes: dict[str, list[int]] = {
            name: file.get_slice(name).get_shape()
            for name in file.keys()  # noqa: SIM118
        }
        flat = [name for name, shape in shapes.items() if len(shape) == 2]
        if _NAME in flat:
            return _NAME
        if len(flat) == 1:
            return flat[0]
        held = ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items()))
        raise DataError(
            f"holds {held[:200] or 'nothing'}; expected a tensor {_NAME} of two axes, or a single "
            "one of two",
            path=self.path,
        )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with safe_open(self.path, framework="numpy") as file:
                yield file
        except SafetensorError as error:
            raise DataError(f"is no whole safetensors file: {error}", path=self.path) from error


_LONGEST = 1 << 20
"""Bytes of a line."""
_MOST = 8192
"""Numbers in a vector."""
_HEADER = 2
_DIGITS = 18
_ZIP = b"PK\x03\x04"


class TextVectors:
    """Reads lines as GloVe writes them, or word2vec, whose first gives how many there are.

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
                "is binary, as its name gives; expected text: word2vec writes it with -binary 0, "
                "gensim by save_word2vec_format(..., binary=False)",
                path=path,
            )
        with _TextReader(self) as stream:
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
        with _TextReader(self) as stream:
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


class _TextReader:
    """A file that is open, unpacked if need be."""

    def __init__(self, owner: TextVectors):
        self.owner = owner

    def __enter__(self) -> "_TextReader":
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


_FOLDED, _EXACT = 1, 2
_EVERY = 20_000
"""Words of a file between two that progress hears of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WordVectors:
    """What a file had for a vocabulary."""

    path: Path
    """The file."""
    kind: str
    """What it is, and where its words are."""
    table: Float32[np.ndarray, "words dim"]
    """The very vectors of the file; zeros for words that it lacks."""
    found: Bool[np.ndarray, "words"]
    """Which words it has."""
    repeats: int
    """Words that stood in the file once more; the first of them counts."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that training begins with."""
        return hashlib.sha256(self.found.tobytes() + self.table.tobytes()).hexdigest()

    @property
    def record(self) -> dict[str, Any]:
        """What a model folder gives of it."""
        return {"file": self.path.name, "kind": self.kind, "words": int(self.found.sum())}

    def __str__(self) -> str:
        words, found = len(self.found), int(self.found.sum())
        again = f"; {self.repeats:,} are in it twice, the first counts" if self.repeats else ""
        return (
            f"{self.path} ({self.kind}): {found:,} of {words:,} words of the vocabulary "
            f"({found / max(words, 1):.1%}) begin with its vectors{again}"
        )


class VectorFile:
    """A file of word vectors: text as GloVe or word2vec writes it, or safetensors.

    Text has a word and its numbers on every line; word2vec's begins with how many words and
    numbers there are. `.gz` may be behind it. A safetensors file has the tensor `vectors`, or a
    single one of two axes, and its words as a JSON list in its metadata, under `words`, or in a
    text file next to it with a word on every line (`NAME.words.txt` or `NAME.txt`).

    Args:
        path: the file.

    Raises:
        DataError: no such file, or of another kind.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_file():
            raise DataError(
                "no such file" if not self.path.exists() else "is no file", path=self.path
            )
        kind = TensorVectors if self.path.suffix == ".safetensors" else TextVectors
        self._rows: TensorVectors | TextVectors = kind(self.path)

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self._rows.dim

    def require_dim(self, dim: int) -> None:
        """Refuse another number of numbers than a network has.

        Raises:
            ConfigError: gives what to type.
        """
        if self.dim != dim:
            raise ConfigError(
                f"{self.path}: has vectors of {self.dim} numbers, but network.d_model is {dim}: "
                f"add --set network.d_model={self.dim}, or take another file"
            )

    def look_up(
        self, words: Sequence[str], *, lowercase: bool, progress: Progress | None = None
    ) -> WordVectors:
        """Read the file from end to end, and keep what it has for some words, and no more.

        A word of the file that is not wanted unchanged is tried as cleaning leaves it, in small
        letters if so wished; one that is as it is goes before such.

        Args:
            words: those wanted, each once.
            lowercase: whether the words have small letters only.
            progress: `progress(done, total)` callback, in bytes are read, or rows.

        Raises:
            DataError: a line or row without as many numbers as others, numbers that are none, a
                file that is cut short, or that has none of the words.
        """
        wanted = _Wanted(words, lowercase)
        table = np.zeros((len(words), self.dim), np.float32)
        for number, (word, row) in enumerate(self._rows.read(), 1):
            place = wanted.place(word)
            if place is not None:
                table[place] = row()
            if progress is not None and not number % _EVERY:
                progress(f"looking up words in {self.path.name}", *self._rows.progress)
        if len(words) and not wanted.found.any():
            raise DataError(
                f"has none of the {len(words):,} words of the vocabulary, such as "
                f"{words[0]!r:.40}; is it of another language, or are its words written otherwise?",
                path=self.path,
            )
        return WordVectors(
            path=self.path,
            kind=self._rows.kind,
            table=table,
            found=wanted.found > 0,
            repeats=wanted.repeats,
        )


class _Wanted:
    """Which words are wanted, and which were found."""

    def __init__(self, words: Sequence[str], lowercase: bool):
        self.places = {
            word.encode("utf-8", "surrogatepass"): place for place, word in enumerate(words)
        }
        self.lowercase = lowercase
        self.found = np.zeros(len(words), np.int8)
        self.repeats = 0

    def place(self, word: bytes) -> int | None:
        """Return the place of a word that a file has; None if it is not wanted, or no longer."""
        place = self.places.get(word)
        if place is not None:
            if self.found[place] == _EXACT:
                self.repeats += 1
                return None
            self.found[place] = _EXACT
            return place
        place = self.places.get(self._cleaned(word))
        if place is None or self.found[place]:
            return None
        self.found[place] = _FOLDED
        return place

    def _cleaned(self, word: bytes) -> bytes:
        if word.isascii():
            return word.lower() if self.lowercase else word
        return clean(word.decode("utf-8", "replace"), lowercase=self.lowercase).encode()
