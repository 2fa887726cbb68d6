"""A word's vector from its spelling, for words that have no row of their own."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from gemel.layers.base import Layer, Mask
from gemel.layers.core import Embedding

__all__ = ["SubwordEmbedding"]


class SubwordEmbedding(Layer):
    """A table of word vectors, and a table of n-grams that other words are composed from.

    Takes three tensors: ids (batch, time), where `vocab_size` + k is the k-th word to compose; the
    n-grams of those words, one after the other; where each word's begin, the end of the last one
    last. A composed vector is the sum of its n-grams' over the square root of their number.

    Args:
        vocab_size: rows of the table of words.
        d_feature: numbers in a vector.
        ngram_buckets: rows of the table of n-grams.
        padding: the id that fills short rows up; see `Embedding`.

    Raises:
        LayerError: when called with ids outside of the tables.

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
        """Refuse ids that have no row and n-grams that make no words."""
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
        """Give words their vectors by their n-grams."""
        sums = F.embedding_bag(ngrams, self.ngrams, starts, mode="sum", include_last_offset=True)
        return sums * torch.rsqrt(starts.diff()[:, None].to(sums.dtype))

    def bind(self, depth: int | None) -> int | None:
        """Give `d_feature`, whatever the depth of the ids."""
        return self.words.d_feature

    def next_mask(self, inputs: tuple[Any, ...], mask: Any) -> Any:
        """Make the mask of what is not padding, unless there is one already."""
        return self.words.next_mask(inputs, mask)
