"""The twin: one encoder, named twice under Parallel, one set of weights."""

from functools import cached_property
from typing import Literal, get_args

from gemel.errors import ConfigError
from gemel.layers import LSTM, Embedding, Layer, Mean, Normalize, Parallel, Serial, SubwordEmbedding
from gemel.text import TOKENS

__all__ = ["Mode", "SiameseModel"]

Mode = Literal["train", "eval", "predict"]


class SiameseModel:
    """A Siamese network over token ids.

    `.processor` turns ids (batch, time) into unit vectors (batch, dim); `.model` is the same
    processor twice, side by side. What one learns the other knows. With `ngram_buckets` a
    processor takes the three arrays of `TokenTable.inputs`.

    Args:
        vocabulary_size: rows of the embedding table.
        model_depth: numbers in a word's vector, the LSTM's state and a question's vector.
        mode: "train" learns; "eval" is for measuring and "predict" for fast inference, neither
            keeps gradients.
        masked: whether padding is left out of the mean.
        ngram_buckets: rows of the table of n-grams that unknown words are composed from; 0 is the
            notebook's network, to which all of them look the same.

    Raises:
        ConfigError: an unknown mode.

    Source: the Trax notebook's `SiameseModel`, whose two properties had weights of their own.
    """

    def __init__(
        self,
        vocabulary_size: int,
        model_depth: int = 128,
        mode: str = "train",
        *,
        masked: bool = True,
        ngram_buckets: int = 0,
    ):
        if mode not in get_args(Mode):
            raise ConfigError(f"mode must be one of {', '.join(get_args(Mode))}, not {mode!r}")
        self.vocabulary_size = vocabulary_size
        self.model_depth = model_depth
        self.mode = mode
        self.masked = masked
        self.ngram_buckets = ngram_buckets

    @cached_property
    def processor(self) -> Serial:
        """The encoder: ids (batch, time) to unit vectors (batch, dim)."""
        processor = Serial(
            self._embedding(),
            LSTM(self.model_depth),
            Mean(axis=1),
            Normalize(),
        )
        processor.train(self.mode == "train")
        return processor.requires_grad_(self.mode == "train")

    def _embedding(self) -> Layer:
        size, depth = self.vocabulary_size, self.model_depth
        padding = TOKENS.padding if self.masked else None
        if self.ngram_buckets:
            return SubwordEmbedding(size, depth, self.ngram_buckets, padding=padding)
        return Embedding(size, depth, padding=padding)

    @cached_property
    def model(self) -> Parallel:
        """The twin: two batches of ids to two batches of unit vectors."""
        return Parallel(self.processor, self.processor).train(self.mode == "train")

    def __repr__(self) -> str:
        return str(self.model)
