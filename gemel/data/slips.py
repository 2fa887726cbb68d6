"""Slips of the finger, made beforehand: spellings that words get now and then in training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64

from gemel.text import TOKENS, Tokenizer, TokenTable, Vocabulary, edit_once

_KINDS = 4
"""Slips that a word has."""
_SHORTEST = 2
"""Letters of a word that has any."""
_TRIES = 5
"""Slips that are tried until one is not a known word: that is how a reader sees that it is one."""


@dataclass(frozen=True, eq=False)
class Slips:
    """How words of the vocabulary look with one letter wrong.

    A slip that the tokenizer reads as a known word is that word.
    """

    share: float
    """Of the words that get one."""
    first: int
    """Row of the first slip among all spellings."""
    rows: Int64[np.ndarray, "words"]
    """For every word of the vocabulary the place of its first slip; -1 if it has none."""
    read_as: Int32[np.ndarray, "slips"]
    """For every slip the word of the vocabulary that it is read as; 0 if it is none."""
    spellings: TokenTable
    """N-grams of all slips."""

    @classmethod
    def of(cls, tokenizer: Tokenizer, first: int, *, share: float, seed: int) -> "Slips":
        """Make the slips of a tokenizer's words.

        Args:
            tokenizer: knows the words, and spells.
            first: how many spellings there are before.
            share: of the words that get one.
            seed: another seed, other slips.
        """
        random = np.random.default_rng(seed)
        rows: list[int] = []
        words: list[str] = []
        for word in tokenizer.vocabulary:
            if sum(map(str.isalpha, word)) < _SHORTEST:
                rows.append(-1)
                continue
            rows.append(len(words))
            words.extend(_slip(word, tokenizer.vocabulary, random) for _ in range(_KINDS))
        return cls(
            share,
            first,
            np.array(rows, np.int64),
            tokenizer.read_as(words),
            tokenizer.spell(words),
        )

    def draw(
        self,
        ids: Int64[np.ndarray, "batch time"],
        may: Bool[np.ndarray, "batch time"],
        random: np.random.Generator,
    ) -> tuple[Int64[np.ndarray, "batch time"], Bool[np.ndarray, "batch time"]]:
        """Have some words slip.

        Args:
            ids: words.
            may: which of them are of the vocabulary.
            random: chooses.

        Returns:
            The ids, where a slip has the number of its spelling or of the word it is read as, and
            which ones have that of a spelling.
        """
        chosen = may & (random.random(ids.shape) < self.share)
        places = self.rows[np.where(chosen, ids, 0)]
        slips = places + random.integers(_KINDS, size=ids.shape)
        slipped = chosen & (places >= 0)
        instead = np.full(ids.shape, TOKENS.unknown)
        instead[slipped] = self.read_as[slips[slipped]]
        is_read = instead != TOKENS.unknown
        drawn = np.where(slipped, self.first + slips, ids)
        return np.where(is_read, instead, drawn), slipped & ~is_read


def _slip(word: str, vocabulary: Vocabulary, random: np.random.Generator) -> str:
    """Make a slip that is no known word, if one can be found."""
    for _ in range(_TRIES):
        slip = edit_once(word, random)
        if slip not in vocabulary:
            break
    return slip
