"""The network: one encoder, named twice under Parallel, one set of weights."""

from functools import cached_property
from typing import Literal, get_args

from gemel.errors import ConfigError
from gemel.layers import (
    LSTM,
    BidirectionalLSTM,
    ComposedEmbedding,
    Dropout,
    Embedding,
    Layer,
    Max,
    Mean,
    Normalize,
    Parallel,
    Serial,
    SubwordEmbedding,
)
from gemel.models.pair_head import PairHead
from gemel.text import TOKENS

Mode = Literal["train", "eval", "predict"]


class SiameseModel:
    """A Siamese network over token ids.

    `.processor` turns ids (batch, time) into unit vectors (batch, dim); `.model` is the same
    processor twice, side by side. What one learns the other knows. With `ngram_buckets` a
    processor takes the three arrays of `TokenTable.inputs`.

    Args:
        vocabulary_size: rows of the embedding table.
        model_depth: numbers in a word's vector.
        mode: "train" learns; "eval" is for measuring and "predict" for fast inference, neither
            keeps gradients.
        masked: whether padding is left out of the mean.
        ngram_buckets: rows of the table of n-grams that unknown words are composed from; 0 is the
            notebook's network, to which all of them look the same.
        n_units: numbers in the LSTM's state; as many as `model_depth` if 0.
        bidirectional: whether a second LSTM reads from right to left.
        pooling: "mean" or "max" of the LSTM's outputs.
        compose_all: whether known words are composed too; a processor in mode "train" then takes
            the four arrays of `ComposedEmbedding`, in other modes those of a folded table.
        head: numbers in the hidden layer of `.head`, which judges two vectors; without one if 0.
        dropout: share of the numbers of word vectors, and of the head's, to drop in training.

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
        n_units: int = 0,
        bidirectional: bool = False,
        pooling: str = "mean",
        compose_all: bool = False,
        head: int = 0,
        dropout: float = 0.0,
    ):
        if mode not in get_args(Mode):
            raise ConfigError(f"mode must be one of {', '.join(get_args(Mode))}, not {mode!r}")
        self.vocabulary_size = vocabulary_size
        self.model_depth = model_depth
        self.mode = mode
        self.masked = masked
        self.ngram_buckets = ngram_buckets
        self.n_units = n_units or model_depth
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.compose_all = compose_all
        self.head_units = head
        self.dropout = dropout

    @cached_property
    def processor(self) -> Serial:
        """The encoder: ids (batch, time) to unit vectors (batch, dim)."""
        processor = Serial(
            self._embedding(),
            Dropout(self.dropout) if self.dropout else None,
            BidirectionalLSTM(self.n_units) if self.bidirectional else LSTM(self.n_units),
            Max(axis=1) if self.pooling == "max" else Mean(axis=1),
            Normalize(),
        )
        processor.train(self.mode == "train")
        return processor.requires_grad_(self.mode == "train")

    @cached_property
    def head(self) -> PairHead | None:
        """The judge of two vectors, if the model has one."""
        if not self.head_units:
            return None
        dim = self.n_units * (1 + self.bidirectional)
        head = PairHead(dim, self.head_units, self.dropout).train(self.mode == "train")
        return head.requires_grad_(self.mode == "train")

    def _embedding(self) -> Layer:
        size, depth = self.vocabulary_size, self.model_depth
        padding = TOKENS.padding if self.masked else None
        if self.compose_all and self.mode == "train":
            return ComposedEmbedding(size, depth, self.ngram_buckets)
        if self.ngram_buckets:
            return SubwordEmbedding(size, depth, self.ngram_buckets, padding=padding)
        return Embedding(size, depth, padding=padding)

    @cached_property
    def model(self) -> Parallel:
        """The network: two batches of ids to two batches of unit vectors."""
        return Parallel(self.processor, self.processor).train(self.mode == "train")

    def __repr__(self) -> str:
        return str(self.model)
