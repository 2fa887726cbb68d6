"""How an encoder reads while it learns: without padding, where that can be had."""

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from gemel.layers import BidirectionalLSTM, Max, Serial
from gemel.layers.packed import PackedRows, can_pack, read_packed

__all__ = ["read"]


def read(
    processor: Serial, inputs: tuple[Int64[np.ndarray, "..."], ...]
) -> Float[Tensor, "questions dim"]:
    """Give what a processor gives; sooner, where gemel has its compiled part.

    A word that stands in many places is looked up, and multiplied with the LSTM's input weights,
    once for all of them, unless dropout or its spelling makes it another in each.

    Args:
        processor: that of a `SiameseModel`.
        inputs: what it takes; padding is on the right.
    """
    embedding, *dropout, lstm, pooling, normalize = processor.sublayers
    is_both = isinstance(lstm, BidirectionalLSTM)
    cells = [lstm.forwards.cell, lstm.backwards.cell] if is_both else [lstm.cell]
    bias = cells[0].bias
    tensors = tuple(torch.from_numpy(each).to(bias.device) for each in inputs)
    mask = embedding.next_mask(tensors, None)
    if mask is None or not mask.any() or not can_pack(bias):
        found: Tensor = processor(tensors)
        return found
    rows = PackedRows.of(mask.numpy())
    # Padded arrays give their words, one after the other; the spelling of words stays as it is.
    padded = [each.reshape(-1)[rows.forwards] for each in inputs if each.ndim == 2]
    if dropout or len(padded) > 1:
        places = words = np.arange(len(rows.forwards))
    else:
        places, words = _distinct(padded[0])
    chosen = [each[places][None] for each in padded]
    vectors = embedding(*chosen, *inputs[len(padded) :])[0]
    for layer in dropout:
        vectors = layer(vectors)
    numbers = np.empty(mask.numel(), np.int32)
    numbers[rows.forwards] = words
    pooled = [
        read_packed(cell, vectors, numbers[order], rows, highest=isinstance(pooling, Max))
        for cell, order in zip(cells, (rows.forwards, rows.backwards), strict=False)
    ]
    unit: Tensor = normalize(torch.cat(pooled, dim=1))
    return unit


def _distinct(
    ids: Int[np.ndarray, "tokens"],
) -> tuple[Int[np.ndarray, "distinct"], Int[np.ndarray, "tokens"]]:
    """Give a place of each id that there is, and which of these ids each token is.

    `np.unique` gives the same, but sorts for it.
    """
    table = np.full(ids.max() + 1, -1)
    table[ids] = np.arange(len(ids))
    is_there = table >= 0
    places = table[is_there]
    table[is_there] = np.arange(len(places))
    return places, table[ids]
