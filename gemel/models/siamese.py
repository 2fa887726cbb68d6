"""The network: an encoder, named twice under Parallel, a pair head, and their weights."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from gemel.errors import ConfigError
from gemel.layers import (
    LSTM,
    BidirectionalLSTM,
    ComposedEmbedding,
    Dense,
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
from gemel.layers.base import Mask
from gemel.layers.sequence import LSTMCell
from gemel.text import TOKENS


class PairHead(Layer):
    """The logit of a pair being duplicates, from unit vectors; symmetric.

    A hidden layer with a rectifier over the two vectors' distance in each number, |u - v|, their
    product in each number, u * v, and their cosine. The first two are scaled by the root of dim and
    by dim, to a size of about 1.

    Source: the classifier of Conneau et al. (2017), InferSent, without u and v themselves, which
    would make the order matter.
    """

    def __init__(self, dim: int, n_units: int, dropout: float = 0.0):
        super().__init__(n_in=2, name=f"PairHead_{dim}_{n_units}")
        self.dim = dim
        self.hidden, self.last = Dense(n_units), Dense(1)
        self.hidden.bind(2 * dim + 1)
        self.last.bind(n_units)
        self.dropout = Dropout(dropout)

    def forward(
        self, u: Float[Tensor, "batch dim"], v: Float[Tensor, "batch dim"], mask: Mask | None = None
    ) -> Float[Tensor, "batch"]:
        """Judge each pair."""
        product = u * v
        cosine = product.sum(dim=1, keepdim=True)
        distance = (u - v).abs()
        features = torch.cat([distance * self.dim**0.5, product * self.dim, cosine], dim=1)
        inner = torch.relu(self.hidden(self.dropout(features)))
        logits: Float[Tensor, "batch"] = self.last(self.dropout(inner)).squeeze(1)
        return logits


Mode = Literal["train", "eval", "predict"]


class SiameseModel:
    """A Siamese network over token ids.

    `.processor` turns ids (batch, time) into unit vectors (batch, dim); `.model` is the same
    processor twice, side by side, with the same weights. With `ngram_buckets` a processor takes the
    three arrays of `TokenTable.inputs`.

    Args:
        vocabulary_size: rows of the embedding table.
        model_depth: size of a word's vector.
        mode: "train"; "eval" and "predict" have no gradients.
        masked: whether padding is left out of the mean.
        ngram_buckets: rows of the table of n-grams that unknown words are composed from; 0 is the
            notebook's network, in which all of them have one vector.
        n_units: size of the LSTM's state; `model_depth` if 0.
        bidirectional: whether a second LSTM reads from right to left.
        pooling: "mean" or "max" of the LSTM's outputs.
        compose_all: whether known words are composed too; a processor in mode "train" then takes
            the four arrays of `ComposedEmbedding`, in other modes those of a folded table.
        head: size of the hidden layer of `.head`; without one if 0.
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
        self._trains = mode == "train"
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
        return processor.train(self._trains).requires_grad_(self._trains)

    @cached_property
    def head(self) -> PairHead | None:
        """The pair head, if the model has one."""
        if not self.head_units:
            return None
        head = PairHead(self.n_units * (1 + self.bidirectional), self.head_units, self.dropout)
        return head.train(self._trains).requires_grad_(self._trains)

    def _embedding(self) -> Layer:
        size, depth = self.vocabulary_size, self.model_depth
        padding = TOKENS.padding if self.masked else None
        if self.compose_all and self._trains:
            return ComposedEmbedding(size, depth, self.ngram_buckets)
        if self.ngram_buckets:
            return SubwordEmbedding(size, depth, self.ngram_buckets, padding=padding)
        return Embedding(size, depth, padding=padding)

    @cached_property
    def model(self) -> Parallel:
        """The network: two batches of ids to two batches of unit vectors."""
        return Parallel(self.processor, self.processor).train(self._trains)

    def __repr__(self) -> str:
        return str(self.model)


def get_weights(encoder: Serial, head: PairHead | None = None) -> dict[str, np.ndarray]:
    """Copy parameters to float32 arrays under the names of the model folder."""
    return {
        name: tensor.detach().to("cpu", torch.float32).numpy().copy()
        for name, tensor in _named(encoder, head)
    }


def set_weights(
    encoder: Serial, arrays: Mapping[str, np.ndarray], head: PairHead | None = None
) -> None:
    """Copy arrays, named as in the model folder, into networks of the same shape."""
    with torch.no_grad():
        for name, tensor in _named(encoder, head):
            tensor.copy_(torch.from_numpy(arrays[name]))


def _named(encoder: Serial, head: PairHead | None) -> Iterator[tuple[str, Tensor]]:
    for layer in encoder.sublayers:
        yield from _of_layer(layer)
    if head is not None:
        for part, dense in (("hidden", head.hidden), ("last", head.last)):
            yield f"head.{part}.weight", dense.weight
            yield f"head.{part}.bias", dense.bias


def _of_layer(layer: nn.Module) -> Iterator[tuple[str, Tensor]]:
    match layer:
        case Embedding():
            yield "embedding.weight", layer.weight
        case SubwordEmbedding():
            yield "embedding.weight", layer.words.weight
            yield "ngrams.weight", layer.ngrams
        case ComposedEmbedding():
            yield from _of_layer(layer.spelled)
        case LSTM():
            yield from _of_cell("lstm", layer.cell)
        case BidirectionalLSTM():
            yield from _of_cell("lstm", layer.forwards.cell)
            yield from _of_cell("lstm_backwards", layer.backwards.cell)


def _of_cell(name: str, cell: LSTMCell) -> Iterator[tuple[str, Tensor]]:
    for part in ("weight_ih", "weight_hh", "bias"):
        yield f"{name}.{part}", getattr(cell, part)
