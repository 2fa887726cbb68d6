"""Word vectors that others have learned, looked up for the words of a vocabulary."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32

from gemel.data.vector_tensors import TensorVectors
from gemel.data.vector_text import TextVectors
from gemel.errors import ConfigError, DataError
from gemel.text import Progress, clean

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
        """What a model folder says of it."""
        return {"file": self.path.name, "kind": self.kind, "words": int(self.found.sum())}

    def __str__(self) -> str:
        words, found = len(self.found), int(self.found.sum())
        again = f"; {self.repeats:,} stand in it twice, the first counts" if self.repeats else ""
        return (
            f"{self.path} ({self.kind}): {found:,} of {words:,} words of the vocabulary "
            f"({found / max(words, 1):.1%}) begin with its vectors{again}"
        )


class VectorFile:
    """A file of word vectors: text as GloVe or word2vec writes it, or safetensors.

    Text has a word and its numbers on every line; word2vec's begins with how many words and
    numbers there are. `.gz` may be behind it. A safetensors file has the tensor `vectors`, or a
    single one of two axes, and its words as a JSON list in its metadata, under `words`, or in a
    text file beside it with a word on every line (`NAME.words.txt` or `NAME.txt`).

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
            ConfigError: says what to type.
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

        A word of the file that is not wanted as it stands is tried as cleaning leaves it, in small
        letters if so wished; one that stands as it is goes before such.

        Args:
            words: those wanted, each once.
            lowercase: whether the words have small letters only.
            progress: is told how many bytes are read, or rows.

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
        """Give the place of a word that a file has; None if it is not wanted, or no longer."""
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
