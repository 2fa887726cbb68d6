"""TF-IDF similarity of spelling."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int64

from gemel.text.normalization import clean as clean_text
from gemel.text.token_table import TokenTable, ngram_ids
from gemel.text.words import split_words

_AT_ONCE = 1 << 20
"""N-grams in memory at a time."""


class TfIdf:
    """Cosine of TF-IDF vectors of the words' character n-grams; an instance is a `Score`.

    Unseen n-grams weigh most. Memory grows with the texts' words, not with their n-grams.

    Source: `TfidfVectorizer` of scikit-learn with its defaults: counts times ln((1 + texts) / (1 +
    texts with it)) + 1.
    """

    def __init__(self, idf: Float[np.ndarray, "buckets"], clean: Callable[[str], str] = clean_text):
        self.idf: Float64[np.ndarray, "buckets"] = idf.astype(np.float64)
        self.clean = clean

    @classmethod
    def learn(
        cls, texts: Sequence[str], buckets: int = 1 << 20, clean: Callable[[str], str] = clean_text
    ) -> "TfIdf":
        """Compute the weights of n-grams of questions, equal ones counted once."""
        questions = _Spelled(dict.fromkeys(map(clean, texts)), buckets)
        having = np.zeros(buckets)
        for rows in _blocks(questions.sizes):
            keys, _ = questions.count(rows)
            having += np.bincount(keys % buckets, minlength=buckets)
        return cls(np.log((1 + len(questions.sizes)) / (1 + having)) + 1, clean)

    def __call__(self, left: Sequence[str], right: Sequence[str]) -> Float64[np.ndarray, "pairs"]:
        """Return the cosine of each pair, 0 to 1.

        Exactly 1.0 for equal questions, 0.0 without common n-grams. A question without words equals
        only another such.
        """
        if len(left) != len(right):
            raise ValueError(f"{len(left)} first questions, but {len(right)} second ones")
        numbers: dict[str, int] = {}
        order = [numbers.setdefault(text, len(numbers)) for text in (*left, *right)]
        first, second = np.split(np.array(order, np.int64), 2)
        questions = _Spelled(map(self.clean, numbers), len(self.idf))
        blocks = _blocks(questions.sizes[first] + questions.sizes[second])
        return np.concatenate(
            [self._cosines(questions, first[rows], second[rows]) for rows in blocks]
        )

    def _cosines(
        self,
        questions: "_Spelled",
        first: Int64[np.ndarray, "pairs"],
        second: Int64[np.ndarray, "pairs"],
    ) -> Float64[np.ndarray, "pairs"]:
        buckets = len(self.idf)
        left, left_counts = questions.count(first)
        right, right_counts = questions.count(second)
        left_weights = left_counts * self.idf[left % buckets]
        right_weights = right_counts * self.idf[right % buckets]
        found = np.intersect1d(left, right, assume_unique=True, return_indices=True)
        both, at_left, at_right = found

        def add_up(keys: Any, products: Any) -> Any:
            return np.bincount(keys // buckets, products, minlength=len(first))

        # All three add in the order of the keys: of equal questions they are the same number, and
        # the root of its square is that number again.
        shared = add_up(both, left_weights[at_left] * right_weights[at_right])
        lengths = add_up(left, left_weights**2) * add_up(right, right_weights**2)
        neither = (questions.sizes[first] + questions.sizes[second] == 0).astype(float)
        cosines: Float64[np.ndarray, "pairs"] = np.divide(
            shared, np.sqrt(lengths), out=neither, where=lengths > 0
        )
        return cosines.clip(0, 1)


class _Spelled:
    """Questions as words, and words as n-grams."""

    def __init__(self, texts: Iterable[str], buckets: int):
        self.buckets = buckets
        numbers: dict[str, int] = {}
        self.words = TokenTable.from_rows(
            [numbers.setdefault(word, len(numbers)) for word in split_words(text)] for text in texts
        )
        self.spellings = TokenTable.from_rows(ngram_ids(word, buckets) for word in numbers)
        ends = np.concatenate([[0], np.cumsum(self.spellings.lengths[self.words.ids])])
        self.sizes: Int64[np.ndarray, "questions"] = np.diff(ends[self.words.starts])

    def count(
        self, rows: Int64[np.ndarray, "rows"]
    ) -> tuple[Int64[np.ndarray, "_"], Int64[np.ndarray, "_"]]:
        """Return row * buckets + n-gram of each n-gram of some questions, ascending, and counts."""
        words = self.words.gather(rows)
        ngrams = self.spellings.gather(words.ids)
        owners = np.repeat(np.arange(len(rows)), self.sizes[rows])
        return np.unique(owners * self.buckets + ngrams.ids, return_counts=True)


def _blocks(sizes: Int64[np.ndarray, "rows"]) -> list[Int64[np.ndarray, "_"]]:
    ends = np.flatnonzero(np.diff(np.cumsum(sizes) // _AT_ONCE)) + 1
    return np.split(np.arange(len(sizes)), ends)
