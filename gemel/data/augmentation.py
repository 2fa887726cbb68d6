"""Augmentation of training questions: typos, and changed words that make another question."""

import itertools
import operator
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64

from gemel.data.duplicate_graph import PairGraph
from gemel.text import TOKENS, Tokenizer, TokenTable, Vocabulary, edit_once

_KINDS = 4
"""Typos per word."""
_SHORTEST = 2
"""Minimum length of a word with typos."""
_TRIES = 5
"""Attempts to make a typo that is not a known word."""


@dataclass(frozen=True, eq=False)
class Slips:
    """Typos of one letter for the words of a vocabulary, as n-grams.

    A typo that the tokenizer reads as a known word is that word.
    """

    share: float
    """Share of words that get one."""
    first: int
    """Row of the first typo among all spellings."""
    rows: Int64[np.ndarray, "words"]
    """First typo of every word; -1: none."""
    read_as: Int32[np.ndarray, "slips"]
    """Known word that a typo is read as; 0: none."""
    spellings: TokenTable

    @classmethod
    def of(cls, tokenizer: Tokenizer, first: int, *, share: float, seed: int) -> "Slips":
        """Make typos for a tokenizer's words."""
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
            share, first, np.array(rows, np.int64), tokenizer.read_as(words), tokenizer.spell(words)
        )

    def draw(
        self,
        ids: Int64[np.ndarray, "batch time"],
        may: Bool[np.ndarray, "batch time"],
        random: np.random.Generator,
    ) -> tuple[Int64[np.ndarray, "batch time"], Bool[np.ndarray, "batch time"]]:
        """Return ids with typos of some words that `may` change, and which are new spellings."""
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
    for _ in range(_TRIES):
        slip = edit_once(word, random)
        if slip not in vocabulary:
            break
    return slip


@dataclass(eq=False)
class Contrasts:
    """Words that change a question's meaning, from pairs that differ in one word.

    Where such pairs are more often different than duplicates, their words are in contrast
    (`android` and `ios`, `2015` and `2016`); a word that only one of them has is telling (`not`).
    """

    partners: dict[int, list[int]]
    """For each word, the words in contrast to it."""
    telling: set[int]
    """Words that change a question when left out."""

    @classmethod
    def learn(
        cls, table: TokenTable, graph: PairGraph, labels: Bool[np.ndarray, "pairs"]
    ) -> "Contrasts":
        """Learn from all pairs that differ in one word."""
        exchanged: Counter[tuple[int, int]] = Counter()
        added: Counter[int] = Counter()
        lengths = table.lengths
        alike = np.abs(lengths[graph.left] - lengths[graph.right]) <= 1
        for pair in np.flatnonzero(alike).tolist():
            ends = graph.left[pair], graph.right[pair]
            rows = (table.ids[table.starts[end] : table.starts[end + 1]].tolist() for end in ends)
            shorter, longer = sorted(rows, key=len)
            weight = -1 if labels[pair] else 1
            unlike = map(operator.ne, shorter, longer)
            first = next(itertools.compress(itertools.count(), unlike), len(shorter))
            if first == len(longer):
                continue
            if len(shorter) < len(longer):
                if longer[first + 1 :] == shorter[first:]:
                    added[longer[first]] += weight
            elif shorter[first + 1 :] == longer[first + 1 :]:
                one, two = sorted((shorter[first], longer[first]))
                exchanged[one, two] += weight
        # A word that mostly gives way to others without harm (`the`, `do`) is no detail.
        balance: Counter[int] = Counter()
        for words, surplus in exchanged.items():
            for word in words:
                balance[word] += surplus
        partners: defaultdict[int, list[int]] = defaultdict(list)
        for (one, two), surplus in exchanged.items():
            if surplus > 0 and balance[one] > 0 and balance[two] > 0:
                partners[one].append(two)
                partners[two].append(one)
        return cls(dict(partners), {word for word, surplus in added.items() if surplus > 0})

    def change(self, words: Sequence[int], random: np.random.Generator) -> list[int] | None:
        """Replace a word, exchange two, or drop a telling one; None if that is not possible."""
        loose = [place for place, word in enumerate(words) if word in self.partners]
        omitted = [place for place, word in enumerate(words) if word in self.telling]
        swaps = [
            (one, two)
            for one, two in itertools.combinations(loose, 2)
            if self._may_swap(words[one], words[two])
        ]
        ways = ["exchange"] * bool(loose) + ["swap"] * bool(swaps) + ["omit"] * bool(omitted)
        if not ways or len(words) < 2:
            return None
        changed = list(words)
        way = ways[random.integers(len(ways))]
        if way == "exchange":
            place = loose[random.integers(len(loose))]
            partners = self.partners[words[place]]
            changed[place] = partners[random.integers(len(partners))]
        elif way == "swap":
            one, two = swaps[random.integers(len(swaps))]
            changed[one], changed[two] = changed[two], changed[one]
        else:
            del changed[omitted[random.integers(len(omitted))]]
        return changed

    def _may_swap(self, one: int, two: int) -> bool:
        ones, twos = self.partners[one], self.partners[two]
        return one != two and (two in ones or not set(ones).isdisjoint(twos))
