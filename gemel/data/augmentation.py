"""Augmentation of training questions: typos, and changed words that make another question."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64

from gemel.data.duplicate_graph import PairGraph
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


class Contrasts:
    """Which words turn a question into another one, trained on pairs that differ in one word.

    Where two such questions do not ask the same more often than they do, their two words are in
    contrast (`android` and `ios`, `2015` and `2016`); a word that only one of them has is telling
    (`not`). No language is known beforehand.

    Args:
        partners: for each word, the words it is in contrast to.
        telling: words that change a question when left out.
    """

    def __init__(self, partners: dict[int, list[int]], telling: set[int]):
        self.partners = partners
        self.telling = telling

    @classmethod
    def learn(
        cls, table: TokenTable, graph: PairGraph, labels: Bool[np.ndarray, "pairs"]
    ) -> "Contrasts":
        """Look at all pairs that differ in one word.

        Args:
            table: token ids of the graph's questions.
            graph: which questions each pair joins.
            labels: whether each pair asks the same.
        """
        exchanged: Counter[tuple[int, int]] = Counter()
        added: Counter[int] = Counter()
        lengths = table.lengths
        near = np.abs(lengths[graph.left] - lengths[graph.right]) <= 1
        for pair in np.flatnonzero(near).tolist():
            rows = (_row(table, int(graph.left[pair])), _row(table, int(graph.right[pair])))
            shorter, longer = sorted(rows, key=len)
            weight = -1 if labels[pair] else 1
            first = _first_difference(shorter, longer)
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
        """Make another question of one, in one of three ways, whichever can be.

        A word gives way to one that it is in contrast to; or two words that do, to each other
        or to a third one, change places; or a telling word is left out.

        Args:
            words: token ids.
            random: chooses.

        Returns:
            Token ids, as many or one fewer; None if nothing can be changed.
        """
        loose = [place for place, word in enumerate(words) if word in self.partners]
        told = [place for place, word in enumerate(words) if word in self.telling]
        swaps = [
            (one, two)
            for n, one in enumerate(loose)
            for two in loose[n + 1 :]
            if self._alike(words[one], words[two])
        ]
        ways = ["exchange"] * bool(loose) + ["swap"] * bool(swaps) + ["omit"] * bool(told)
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
            del changed[told[random.integers(len(told))]]
        return changed

    def _alike(self, one: int, two: int) -> bool:
        """Return whether two words are of a kind."""
        ones, twos = self.partners[one], self.partners[two]
        return one != two and (two in ones or not set(ones).isdisjoint(twos))


def _row(table: TokenTable, question: int) -> list[int]:
    ids: list[int] = table.ids[table.starts[question] : table.starts[question + 1]].tolist()
    return ids


def _first_difference(shorter: list[int], longer: list[int]) -> int:
    return next(
        (
            place
            for place, (one, two) in enumerate(zip(shorter, longer, strict=False))
            if one != two
        ),
        len(shorter),
    )
