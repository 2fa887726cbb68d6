"""Embeddings of words by their spelling."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from gemel.layers.base import Layer, Mask
from gemel.layers.core import Embedding


class SubwordEmbedding(Layer):
    """A table of word vectors, and a table of n-grams that other words are composed from.

    Takes three tensors: ids (batch, time), where `vocab_size` + k is the k-th word to compose; the
    n-grams of these words, concatenated; the start of each word's n-grams, and the end of the last.
    A composed vector is the sum of its n-grams' over the square root of their number.

    Source: Bojanowski et al., "Enriching word vectors with subword information" (2017).
    """

    def __init__(
        self, vocab_size: int, d_feature: int, ngram_buckets: int, *, padding: int | None = None
    ):
        super().__init__(n_in=3, name=f"SubwordEmbedding_{vocab_size}_{d_feature}_{ngram_buckets}")
        if ngram_buckets < 1:
            self.refuse("needs at least one row of n-grams", (ngram_buckets,))
        self.words = Embedding(vocab_size, d_feature, padding=padding)
        self.ngrams = nn.Parameter(0.05 * torch.randn(ngram_buckets, d_feature))

    def check(self, *inputs: Any) -> None:
        """See `Layer`."""
        ids, ngrams, starts = inputs
        self.words.check(ids.clamp(max=self.words.vocab_size - 1))
        composed = len(starts) - 1
        if ids.numel() and int(ids.max()) >= self.words.vocab_size + composed:
            last = self.words.vocab_size + composed - 1
            self.refuse(f"ids must be 0 to {last}, one is {int(ids.max())}", inputs)
        if ngrams.numel() and not 0 <= int(ngrams.min()) <= int(ngrams.max()) < len(self.ngrams):
            self.refuse(f"n-grams must be 0 to {len(self.ngrams) - 1}", inputs)

    def forward(
        self,
        ids: Int[Tensor, "batch time"],
        ngrams: Int[Tensor, "ngrams"],
        starts: Int[Tensor, "composed_and_1"],
        mask: Mask | None = None,
    ) -> Float[Tensor, "batch time dim"]:
        """Look words up or compose them."""
        table = self.words.weight
        vectors = F.embedding(ids.clamp(max=len(table) - 1), table)
        if not len(ngrams):
            return vectors
        composed = ids >= len(table)
        words = self.compose(ngrams, starts)
        return vectors.index_put((composed,), words[ids[composed] - len(table)])

    def compose(
        self, ngrams: Int[Tensor, "ngrams"], starts: Int[Tensor, "composed_and_1"]
    ) -> Float[Tensor, "composed dim"]:
        """Compose words of their n-grams."""
        sums = F.embedding_bag(ngrams, self.ngrams, starts, mode="sum", include_last_offset=True)
        return sums * torch.rsqrt(starts.diff()[:, None].to(sums.dtype))

    def bind(self, depth: int | None) -> int | None:
        """See `Layer`."""
        return self.words.d_feature

    def next_mask(self, inputs: tuple[Any, ...], mask: Any) -> Any:
        """See `Layer`."""
        return self.words.next_mask(inputs, mask)


class ComposedEmbedding(Layer):
    """The sum of a vector composed of n-grams and, for known words, a row of a table.

    Takes four tensors: rows of words (batch, time), 0, a row of zeros, where one has none; places
    among the spelled words (batch, time), from 1, 0 where there is no word; n-grams and their
    starts, as in `SubwordEmbedding`.

    Source: Bojanowski et al., "Enriching word vectors with subword information" (2017).
    """

    def __init__(self, vocab_size: int, d_feature: int, ngram_buckets: int):
        super().__init__(n_in=4, name=f"ComposedEmbedding_{vocab_size}_{d_feature}_{ngram_buckets}")
        self.spelled = SubwordEmbedding(vocab_size, d_feature, ngram_buckets)
        with torch.no_grad():
            self.spelled.words.weight[0] = 0

    def check(self, *inputs: Any) -> None:
        """See `Layer`."""
        own, places, ngrams, starts = inputs
        self.spelled.words.check(own)
        self.spelled.check(places[:0], ngrams, starts)
        if places.numel() and not 0 <= int(places.min()) <= int(places.max()) < len(starts):
            self.refuse(f"places must be 0 to {len(starts) - 1}", inputs)

    def forward(
        self,
        own: Int[Tensor, "batch time"],
        places: Int[Tensor, "batch time"],
        ngrams: Int[Tensor, "ngrams"],
        starts: Int[Tensor, "composed_and_1"],
        mask: Mask | None = None,
    ) -> Float[Tensor, "batch time dim"]:
        """Add up rows and spellings."""
        composed = F.pad(self.spelled.compose(ngrams, starts), (0, 0, 1, 0))
        rows = F.embedding(own, self.spelled.words.weight)
        return rows * (own > 0).unsqueeze(-1) + F.embedding(places, composed)

    def fold(
        self, ngrams: Int[Tensor, "ngrams"], starts: Int[Tensor, "vocab_and_1"]
    ) -> Float[Tensor, "vocab dim"]:
        """Return the table with which a `SubwordEmbedding` gives the same vectors."""
        return self.spelled.words.weight + self.spelled.compose(ngrams, starts)

    def bind(self, depth: int | None) -> int | None:
        """See `Layer`."""
        return self.spelled.bind(depth)

    def next_mask(self, inputs: tuple[Any, ...], mask: Any) -> Any:
        """Return the mask of where there are words, unless there is one already."""
        return inputs[1] > 0 if mask is None else mask
