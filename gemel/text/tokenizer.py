"""Tokenizer: texts to token ids."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int, Int32

from gemel.compiled import find_library
from gemel.config import TextConfig
from gemel.text.normalization import NEWEST, CleanText, clean, with_final_mark
from gemel.text.reader import Reader, Scanner
from gemel.text.token_table import TokenTable, spell_words
from gemel.text.typos import NearestWords
from gemel.text.vocabulary import TOKENS, Vocabulary
from gemel.text.words import split_words


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """Rules of a tokenizer; a model needs those of its training."""

    lowercase: bool = True
    repair: bool = False
    """Repair garbled text first; see `clean`."""
    normalization: int = NEWEST
    """Version of the normalisation; see `normal_form`."""
    ngram_buckets: int = 0
    """Rows of the n-gram table for unknown words; 0: all are one id."""
    nearest: bool = False
    """Read an unknown word one letter off a known one as that one; see `NearestWords`."""
    final_mark: bool = False
    """Add a missing question mark; see `with_final_mark`."""

    def __post_init__(self) -> None:
        if self.ngram_buckets < 0:
            raise ValueError(f"ngram_buckets must not be negative, not {self.ngram_buckets}")

    @classmethod
    def of(cls, settings: TextConfig) -> "Rules":
        """Return the rules of settings."""
        fields = dataclasses.fields(cls)
        return cls(**{field.name: getattr(settings, field.name) for field in fields})


_FIRST = 2
"""First word id."""
_DEFAULT = Rules()


class Tokenizer:
    """Converts questions to token ids, the same in training and prediction."""

    def __init__(self, vocabulary: Vocabulary | None = None, rules: Rules = _DEFAULT):
        self.vocabulary = vocabulary or Vocabulary()
        self.rules = rules

    def __reduce__(self) -> tuple[type["Tokenizer"], tuple[Vocabulary, Rules]]:
        # The scanner is made of the two, some of it outside of Python.
        return Tokenizer, (self.vocabulary, self.rules)

    def learn(
        self,
        texts: Sequence[str],
        counts: Int[np.ndarray, "texts"] | None = None,
        *,
        min_count: int = 1,
    ) -> "Tokenizer":
        """Return a tokenizer with the words of training questions added, most frequent first.

        Args:
            texts: training questions.
            counts: number of occurrences; one each if None.
            min_count: words seen less often are unknown.
        """
        times = np.ones(len(texts), int) if counts is None else counts
        pieces: Counter[str] = Counter()
        for text, count in zip(texts, times.tolist(), strict=True):
            for piece in self.clean(text).split():
                pieces[piece] += count
        seen: Counter[str] = Counter()
        for piece, count in pieces.items():
            for word in split_words(piece):
                seen[word] += count
        return Tokenizer(self.vocabulary.grown(seen, min_count), self.rules)

    def clean(self, text: str) -> str:
        """Normalise a text by this tokenizer's rules."""
        rules = self.rules
        cleaned = clean(
            text, lowercase=rules.lowercase, repair=rules.repair, normalization=rules.normalization
        )
        return with_final_mark(cleaned) if rules.final_mark else cleaned

    def read(self, text: str) -> CleanText:
        """Return a question that this tokenizer, `clean` and `copy_key` need not clean again."""
        rules = self.rules
        return CleanText(
            text, lowercase=rules.lowercase, repair=rules.repair, normalization=rules.normalization
        )

    def words(self, text: str) -> list[str]:
        """Return the words of a question."""
        return split_words(self.clean(text))

    def encode(self, text: str) -> list[int]:
        """Return the ids of a question's words; without words, one unknown word."""
        return self.vocabulary.ids(self.words(text)) or [TOKENS.unknown]

    def encode_all(self, texts: Iterable[str]) -> TokenTable:
        """Return the ids of many questions, with the n-grams of unknown words."""
        return self.reader().table(list(texts))

    def reader(self) -> Reader:
        """Return a reader that does the same in batches."""
        spell = self.spell if self.rules.ngram_buckets else None
        return Reader(self.vocabulary, self.clean, self._scanner, self.read_as, spell)

    @functools.cached_property
    def _scanner(self) -> Scanner | None:
        library, rules = find_library(), self.rules
        if library is None:
            return None
        words = list(self.vocabulary)
        return Scanner(words, library, lowercase=rules.lowercase, final_mark=rules.final_mark)

    def read_as(self, words: Sequence[str]) -> Int32[np.ndarray, "words"]:
        """Return the id of the known word that each word is read as; 0: none."""
        ids = np.array(self.vocabulary.ids(words), np.int32)
        unknown = np.flatnonzero(ids == TOKENS.unknown)
        if self.rules.nearest and len(unknown):
            found = self._nearest_words.find([words[place] for place in unknown.tolist()])
            ids[unknown] = np.where(found < 0, TOKENS.unknown, found + _FIRST)
        return ids

    @functools.cached_property
    def _nearest_words(self) -> NearestWords:
        return NearestWords(self.vocabulary.words)

    def spell(self, words: Iterable[str]) -> TokenTable:
        """Return the n-grams of words, one row a word."""
        return spell_words(list(words), self.rules.ngram_buckets)
