"""Slips of the finger, made beforehand: spellings that words get now and then in training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from gemel.text import Tokenizer, TokenTable, edit_once

__all__ = ["Slips"]

_KINDS = 4
"""Slips that a word has."""
_SHORTEST = 4
"""Letters of a word that has any: with one letter changed, a shorter one is another word."""


@dataclass(frozen=True, eq=False)
class Slips:
    """How words of the vocabulary look with one letter wrong."""

    share: float
    """Of the words that get one."""
    first: int
    """Row of the first slip among all spellings."""
    rows: Int64[np.ndarray, "words"]
    """For every word of the vocabulary the place of its first slip; -1 if it has none."""
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
            words.extend(edit_once(word, random) for _ in range(_KINDS))
        return cls(share, first, np.array(rows, np.int64), tokenizer.spell(words))

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
            The ids, where a slip has the number of its spelling, and which ones slipped.
        """
        chosen = may & (random.random(ids.shape) < self.share)
        places = self.rows[np.where(chosen, ids, 0)]
        slipped = chosen & (places >= 0)
        kinds = random.integers(_KINDS, size=ids.shape)
        return np.where(slipped, self.first + places + kinds, ids), slipped
