"""Between a network's parameters and the arrays that are on disk: one copy, plain names."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from gemel.layers import (
    LSTM,
    BidirectionalLSTM,
    ComposedEmbedding,
    Embedding,
    Serial,
    SubwordEmbedding,
)
from gemel.layers.sequence import LSTMCell
from gemel.models.pair_head import PairHead


def get_weights(encoder: Serial, head: PairHead | None = None) -> dict[str, np.ndarray]:
    """Copy parameters out as float32 arrays under the names of the model folder."""
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
    if isinstance(layer, Embedding):
        yield "embedding.weight", layer.weight
    elif isinstance(layer, SubwordEmbedding):
        yield "embedding.weight", layer.words.weight
        yield "ngrams.weight", layer.ngrams
    elif isinstance(layer, ComposedEmbedding):
        yield from _of_layer(layer.spelled)
    elif isinstance(layer, LSTM):
        yield from _of_cell("lstm", layer.cell)
    elif isinstance(layer, BidirectionalLSTM):
        yield from _of_cell("lstm", layer.forwards.cell)
        yield from _of_cell("lstm_backwards", layer.backwards.cell)


def _of_cell(name: str, cell: LSTMCell) -> Iterator[tuple[str, Tensor]]:
    yield f"{name}.weight_ih", cell.weight_ih
    yield f"{name}.weight_hh", cell.weight_hh
    yield f"{name}.bias", cell.bias
