"""From cleaned texts to ids, many at a time."""

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Int32

from gemel.text.table import TokenTable
from gemel.text.tokens import TOKENS
from gemel.text.vocabulary import Vocabulary
from gemel.text.words import split_words

__all__ = ["Reader"]

_BETWEEN = "\n"
"""A piece that no cleaned text has; its number is 0."""


class Reader:
    """Reads texts piece by piece; what returns, and most of it does, is cut and looked up once.

    A piece is what stands between two spaces. All tables of a reader number the words that the
    vocabulary does not have alike.

    Args:
        vocabulary: the words that have an id.
        read_as: gives the id of the known word that each other one is read as, or 0.
        spell: gives the n-grams of words; without it, words that are not known are all one.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        read_as: Callable[[Sequence[str]], Int32[np.ndarray, "words"]],
        spell: Callable[[Sequence[str]], TokenTable] | None,
    ):
        self.vocabulary = vocabulary
        self.read_as = read_as
        self.spell = spell
        self._numbers = _Numbers({_BETWEEN: 0})
        self._pieces = TokenTable.from_rows([[]])
        self._new: dict[str, int] = {}
        self._spellings = TokenTable.from_rows([]) if spell else None

    def table(self, texts: Sequence[str]) -> TokenTable:
        """Give the ids of texts that `Tokenizer.clean` has been over.

        A text without a word is one unknown word.
        """
        if not texts:
            return TokenTable(*_EMPTY, len(self.vocabulary), self._spellings)
        known = len(self._numbers)
        pieces = f" {_BETWEEN} ".join(texts).split(" ")
        found = np.fromiter(map(self._numbers.__getitem__, pieces), np.int64, len(pieces))
        self._learn(itertools.islice(self._numbers, known, None))
        read = self._pieces.gather(found)
        ends = read.starts[1:][found == 0]
        starts = np.concatenate([[0], ends, read.starts[-1:]])
        return TokenTable(read.ids, starts, len(self.vocabulary), self._spellings)

    def _learn(self, pieces: Iterable[str]) -> None:
        """Cut new pieces into words, and give each its id."""
        rows = [split_words(piece) or [""] for piece in pieces]
        words = list(itertools.chain.from_iterable(rows))
        ids = self.vocabulary.ids(words)
        pairs = list(zip(words, ids, strict=True))
        self._add([word for word in dict.fromkeys(w for w, number in pairs if not number) if word])
        ids = [number or self._new.get(word, TOKENS.unknown) for word, number in pairs]
        starts = np.cumsum([0, *map(len, rows)])
        self._pieces = self._pieces.joined(TokenTable(np.array(ids, np.int32), starts))

    def _add(self, words: Iterable[str]) -> None:
        """Say what becomes of words that are not in the vocabulary."""
        new = [word for word in words if word not in self._new]
        found = dict(zip(new, self.read_as(new).tolist(), strict=True))
        self._new.update(found)
        if self.spell is None or self._spellings is None:
            return
        left = [word for word, number in found.items() if number == TOKENS.unknown]
        self._new.update(zip(left, itertools.count(len(self.vocabulary) + len(self._spellings))))
        self._spellings = self._spellings.joined(self.spell(left))


_EMPTY = np.zeros(0, np.int32), np.zeros(1, np.int64)


class _Numbers(dict[str, int]):
    """Numbers what is looked up, in the order in which it came."""

    def __missing__(self, piece: str) -> int:
        self[piece] = number = len(self)
        return number
