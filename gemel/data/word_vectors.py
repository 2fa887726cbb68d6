"""Pretrained word vectors: GloVe and word2vec text, safetensors."""

import contextlib
import functools
import gzip
import hashlib
import itertools
import json
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Bool, Float32
from safetensors import SafetensorError, safe_open

from gemel.data.sources import is_gzip
from gemel.errors import ConfigError, DataError
from gemel.text import Progress, clean

_TENSOR = "vectors"
_BATCH = 4096
"""Rows that are read at a time."""
_DTYPES = ("F16", "F32", "F64")
_LONGEST = 1 << 20
"""Bytes of a line."""
_MOST = 8192
"""Numbers in a vector."""
_HEADER, _DIGITS = 2, 18
"""Fields of word2vec's first line, and their maximum length."""
_ZIP = b"PK\x03\x04"
_FOLDED, _EXACT = 1, 2
_EVERY = 20_000
"""Words of a file between two calls of `progress`."""

_Word: TypeAlias = tuple[bytes, Callable[[], Float32[np.ndarray, "dim"]]]
"""A word, and what makes its vector, or raises `DataError`."""


class TensorVectors:
    """Reads the rows of a tensor, and a word for each; errors are `DataError`."""

    def __init__(self, path: Path):
        self.path = path
        with self._opened() as file:
            self.name = self._tensor(file)
            tensor = file.get_slice(self.name)
            self.rows, self.dim = tensor.get_shape()
            if tensor.get_dtype() not in _DTYPES or not self.dim:
                raise DataError(
                    f"the tensor {self.name} is {tensor.get_dtype()} of shape "
                    f"{tensor.get_shape()}; expected {', '.join(_DTYPES)}",
                    path=path,
                )
            self.listed = (file.metadata() or {}).get("words")
        self.progress: tuple[int, int | None] = (0, self.rows)
        """Rows that are read, and all."""
        stem = path.name.removesuffix(".safetensors")
        usual = [path.with_name(f"{stem}{end}") for end in (".words.txt", ".txt")]
        self.word_file = next((each for each in usual if each.is_file()), None)
        if self.listed is None and self.word_file is None:
            raise DataError(
                "has no words: neither a JSON list under `words` in its metadata, nor a file "
                f"{usual[0].name} or {usual[1].name} next to it, with a word on every line",
                path=path,
            )
        listed_in = (
            "metadata" if self.listed is not None else self.word_file and self.word_file.name
        )
        self.kind = f"tensor {self.name}, words from {listed_in}"

    def read(self) -> Iterator[_Word]:
        """Yield every word of the file."""
        words = self._words()
        with self._opened() as file:
            tensor = file.get_slice(self.name)
            for start in range(0, self.rows, _BATCH):
                self.progress = (start, self.rows)
                batch = tensor[start : min(start + _BATCH, self.rows)]
                for place, row in enumerate(batch, start):
                    word = next(words, None)
                    if word is None:
                        raise self._wrong(f"{place:,}")
                    yield word, functools.partial(self._row, row, place)
        if next(words, None) is not None:
            raise self._wrong("more")

    def _wrong(self, count: str) -> DataError:
        problem = f"has {self.rows:,} rows, but {count} words ({self.kind}); expected one for each"
        return DataError(problem, path=self.path)

    def _row(self, row: np.ndarray, place: int) -> Float32[np.ndarray, "dim"]:
        with np.errstate(over="ignore"):
            numbers = row.astype(np.float32)
        if not np.isfinite(numbers).all():
            raise DataError(f"row {place:,}, from 0, holds numbers not finite", path=self.path)
        return numbers

    def _words(self) -> Iterator[bytes]:
        if self.listed is None and self.word_file is not None:
            with self.word_file.open("rb") as stream:
                for line in stream:
                    yield line.rstrip(b"\r\n")
            return
        try:
            words = json.loads(self.listed or "")
        except (ValueError, RecursionError) as error:
            problem = f"the words in its metadata are no JSON: {error}"
            raise DataError(problem, path=self.path) from error
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise DataError("the words in its metadata are no JSON list of texts", path=self.path)
        for word in words:
            yield word.encode("utf-8", "surrogatepass")

    def _tensor(self, file: Any) -> str:
        names = file.keys()
        shapes: dict[str, list[int]] = {name: file.get_slice(name).get_shape() for name in names}
        flat = [name for name, shape in shapes.items() if len(shape) == 2]
        if _TENSOR in flat:
            return _TENSOR
        if len(flat) == 1:
            return flat[0]
        held = ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items()))
        raise DataError(
            f"holds {held[:200] or 'nothing'}; expected a tensor {_TENSOR} of two axes, or a "
            "single one of two",
            path=self.path,
        )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with safe_open(self.path, framework="numpy") as file:
                yield file
        except SafetensorError as error:
            raise DataError(f"is no whole safetensors file: {error}", path=self.path) from error


class TextVectors:
    """Reads lines as GloVe writes them, or word2vec, whose first has the number of words.

    Errors are `DataError`.
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
        with contextlib.closing(self._lines()) as lines:
            first = next(lines, b"")
        if first.startswith(_ZIP):
            raise DataError("is a ZIP archive; unpack it, and name a file of it", path=path)
        parts = first.split()
        self.promised: int | None = None
        self.dim = len(parts) - 1
        is_header = all(part.isdigit() and len(part) <= _DIGITS for part in parts)
        if len(parts) == _HEADER and is_header:
            self.promised, self.dim = map(int, parts)
        self.kind = "text" if self.promised is None else "text of word2vec"
        self.mark = b"\t" if b" " not in first.strip() and b"\t" in first else b" "
        if not 1 <= self.dim <= _MOST or (self.promised is None and not _is_number(parts[-1])):
            raise DataError(
                f"is no text of word vectors: its first line is {first[:40]!r}; expected a word "
                "and its numbers, or how many words and numbers there are",
                path=path,
            )

    def read(self) -> Iterator[_Word]:
        """Yield every word of the file."""
        header = 0 if self.promised is None else 1
        words = 0
        with contextlib.closing(self._lines()) as lines:
            for words, line in enumerate(itertools.islice(lines, header, None), 1):
                line = line.rstrip(b" \t\r\n")
                word, _, numbers = line.partition(self.mark)
                if numbers.count(self.mark) != self.dim - 1:
                    word, numbers = self._with_spaces(line, words + header)
                yield word, functools.partial(self._row, numbers, words + header)
        if self.promised not in (None, words):
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
        if extra < 1 or any(map(_is_number, parts[1 : 1 + extra])):
            found = max(len(parts) - 1, 0)
            problem = f"has {found} numbers behind its word; expected {self.dim}"
            raise DataError(problem, path=self.path, line=number)
        return self.mark.join(parts[: 1 + extra]), self.mark.join(parts[1 + extra :])

    def _row(self, numbers: bytes, line: int) -> Float32[np.ndarray, "dim"]:
        try:
            row = np.array(list(map(float, numbers.split(self.mark))))
            with np.errstate(over="ignore"):
                row = row.astype(np.float32)
            problem = "" if np.isfinite(row).all() else "a number is not finite"
        except ValueError as error:
            problem = str(error)
        if problem:
            raise DataError(f"has no vector behind its word: {problem}", path=self.path, line=line)
        return row

    def _lines(self) -> Generator[bytes, None, None]:
        with self.path.open("rb") as raw:
            stream: Any = gzip.GzipFile(fileobj=raw) if is_gzip(self.path) else raw
            for number in itertools.count(1):
                try:
                    line: bytes = stream.readline(_LONGEST)
                except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                    problem = f"is not a whole gzip file: {error}"
                    raise DataError(problem, path=self.path) from error
                if len(line) == _LONGEST:
                    problem = f"has no end within {_LONGEST:,} bytes; is it text?"
                    raise DataError(problem, path=self.path, line=number)
                if not number % 1000:
                    self.progress = (raw.tell(), self.progress[1])
                if not line:
                    return
                yield line


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, kw_only=True, eq=False)
class WordVectors:
    """Vectors of a file for a vocabulary."""

    path: Path
    kind: str
    """Format, and where the words are."""
    table: Float32[np.ndarray, "words dim"]
    """The very vectors of the file; zeros for words that it lacks."""
    found: Bool[np.ndarray, "words"]
    """Which words it has."""
    repeats: int
    """Repeated words of the file; the first of them counts."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that training begins with."""
        return hashlib.sha256(self.found.tobytes() + self.table.tobytes()).hexdigest()

    @property
    def record(self) -> dict[str, Any]:
        """Entry in a model folder."""
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
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_file():
            problem = "is no file" if self.path.exists() else "no such file"
            raise DataError(problem, path=self.path)
        kind = TensorVectors if self.path.suffix == ".safetensors" else TextVectors
        self._rows: TensorVectors | TextVectors = kind(self.path)

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self._rows.dim

    def require_dim(self, dim: int) -> None:
        """Raise `ConfigError` if vectors do not fit a network."""
        if self.dim != dim:
            raise ConfigError(
                f"{self.path}: has vectors of {self.dim} numbers, but network.d_model is {dim}: "
                f"add --set network.d_model={self.dim}, or take another file"
            )

    def look_up(
        self, words: Sequence[str], *, lowercase: bool, progress: Progress | None = None
    ) -> WordVectors:
        """Read the file from end to end, and return the vectors of some distinct words.

        A word of the file that is not wanted unchanged is tried as cleaning leaves it; an unchanged
        one has priority. Progress is in bytes or rows.

        Raises:
            DataError: a damaged file, or one that has none of the words.
        """
        places = {word.encode("utf-8", "surrogatepass"): place for place, word in enumerate(words)}
        table = np.zeros((len(words), self.dim), np.float32)
        found = np.zeros(len(words), np.int8)
        repeats = 0
        for number, (word, row) in enumerate(self._rows.read(), 1):
            rank, place = _EXACT, places.get(word)
            if place is None:
                rank, place = _FOLDED, places.get(_cleaned(word, lowercase=lowercase))
            if place is not None and found[place] < rank:
                found[place] = rank
                table[place] = row()
            elif place is not None and rank == _EXACT:
                repeats += 1
            if progress is not None and not number % _EVERY:
                progress(f"looking up words in {self.path.name}", *self._rows.progress)
        if len(words) and not found.any():
            raise DataError(
                f"has none of the {len(words):,} words of the vocabulary, such as "
                f"{words[0]!r:.40}; is it of another language, or are its words written otherwise?",
                path=self.path,
            )
        return WordVectors(
            path=self.path, kind=self._rows.kind, table=table, found=found > 0, repeats=repeats
        )


def _cleaned(word: bytes, *, lowercase: bool) -> bytes:
    if word.isascii():
        return word.lower() if lowercase else word
    return clean(word.decode("utf-8", "replace"), lowercase=lowercase).encode()
