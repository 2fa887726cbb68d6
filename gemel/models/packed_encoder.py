"""Encoding in training: without padding, with the compiled library."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor, nn

from gemel.layers import (
    LSTM,
    BidirectionalLSTM,
    ComposedEmbedding,
    Dropout,
    Max,
    Serial,
    SubwordEmbedding,
)
from gemel.layers.base import Mask
from gemel.layers.packed import PackedRows, can_pack, read_packed
from gemel.layers.sequence import LSTMCell
from gemel.text import TokenTable


def read(
    processor: Serial,
    inputs: tuple[Int64[np.ndarray, "..."], ...],
    drawn: Bool[Tensor, "questions time dim"] | None = None,
) -> Float[Tensor, "questions dim"]:
    """Encode questions, faster with the compiled library.

    A word in many places is looked up, and multiplied with the LSTM's input weights, once, unless
    dropout or its spelling makes it different in each.

    Args:
        processor: that of a `SiameseModel`.
        inputs: its inputs; padding is on the right.
        drawn: numbers of word vectors that remain after dropout, from `draw_kept`; random if None.
    """
    embedding, *dropout, lstm, pooling, normalize = processor.sublayers
    tensors, mask = _on_device(processor, inputs)
    rows = _packed(processor, mask)
    if rows is None:
        if drawn is None:
            found: Tensor = processor(tensors)
            return found
        stack: tuple[Tensor, ...] = (_drop(dropout, embedding(*tensors), drawn),)
        for layer in (lstm, pooling, normalize):
            stack, mask = layer.advance(stack, mask)
        return stack[0]
    padded = [each.reshape(-1)[rows.forwards] for each in inputs if each.ndim == 2]
    if dropout or len(padded) > 1:
        places = words = np.arange(len(rows.forwards))
    else:
        places, words = _distinct(padded[0])
    chosen = [each[places][None] for each in padded]
    vectors = embedding(*chosen, *inputs[len(padded) :])[0]
    if drawn is not None:
        vectors = _drop(dropout, vectors, drawn.flatten(0, 1)[rows.forwards])
    elif dropout:
        vectors = dropout[0](vectors)
    numbers = np.empty(inputs[0].size, np.int32)
    numbers[rows.forwards] = words
    pooled = [
        read_packed(cell, vectors, numbers[order], rows, highest=isinstance(pooling, Max))
        for cell, order in zip(_cells(lstm), (rows.forwards, rows.backwards), strict=False)
    ]
    unit: Tensor = normalize(torch.cat(pooled, dim=1))
    return unit


def draw_kept(
    processor: Serial, inputs: tuple[Int64[np.ndarray, "..."], ...]
) -> Bool[Tensor, "questions time dim"] | None:
    """Draw the numbers that remain after dropout, the same as `read` would draw for all of a batch.

    So a batch can be encoded in parts, and repeatedly. `inputs` are those of the whole batch.

    Returns:
        True for what remains, also in padding; None if the processor has no dropout.
    """
    embedding, *dropout, _, _, _ = processor.sublayers
    if not dropout or not dropout[0].training:
        return None
    _, mask = _on_device(processor, inputs)
    rows = _packed(processor, mask)
    *_, padded = (each for each in inputs if each.ndim == 2)
    depth, device = embedding.bind(None), next(processor.parameters()).device
    if rows is None:
        drawn: Tensor = dropout[0](torch.ones(*padded.shape, depth, device=device)) > 0
        return drawn
    whole = torch.ones(*padded.shape, depth, dtype=torch.bool)
    whole.flatten(0, 1)[rows.forwards] = dropout[0](torch.ones(len(rows.forwards), depth)) > 0
    return whole


def take_rows(
    processor: Serial, inputs: tuple[Int64[np.ndarray, "..."], ...], rows: slice
) -> tuple[Int64[np.ndarray, "..."], ...]:
    """Select some questions of a whole batch's inputs, with their composed words."""
    *others, numbers = (each[rows] for each in inputs if each.ndim == 2)
    embedding = processor.sublayers[0]
    if not isinstance(embedding, SubwordEmbedding | ComposedEmbedding):
        return (numbers,)
    # First number of a spelled word: after the table's, or after 0.
    first = embedding.words.vocab_size if isinstance(embedding, SubwordEmbedding) else 1
    is_spelled = numbers >= first
    words, places = np.unique(numbers[is_spelled] - first, return_inverse=True)
    numbers = numbers.copy()
    numbers[is_spelled] = first + places
    ngrams, starts = inputs[-2:]
    chosen = TokenTable(ngrams.astype(np.int32), starts).gather(words)
    return (*others, numbers, chosen.ids.astype(np.int64), chosen.starts)


def rows_read(
    processor: Serial, inputs: tuple[Int64[np.ndarray, "..."], ...]
) -> dict[nn.Parameter, Int64[np.ndarray, "_"]]:
    """Return the rows of each table that a batch looks up: no other can have a gradient."""
    embedding = processor.sublayers[0]
    if isinstance(embedding, ComposedEmbedding):
        embedding = embedding.spelled
    ids = np.unique(inputs[0])
    if not isinstance(embedding, SubwordEmbedding):
        return {embedding.weight: ids}
    known = ids[ids < embedding.words.vocab_size]
    return {embedding.words.weight: known, embedding.ngrams: np.unique(inputs[-2])}


def _on_device(
    processor: Serial, inputs: tuple[Int64[np.ndarray, "..."], ...]
) -> tuple[tuple[Tensor, ...], Mask | None]:
    """Move inputs to the device of the network; return the mask of words too."""
    device = next(processor.parameters()).device
    tensors = tuple(torch.from_numpy(each).to(device) for each in inputs)
    return tensors, processor.sublayers[0].next_mask(tensors, None)


def _packed(processor: Serial, mask: Mask | None) -> PackedRows | None:
    """Pack the words, if they can be encoded so."""
    if mask is None or not mask.any() or not can_pack(next(processor.parameters())):
        return None
    return PackedRows.of(mask.numpy())


def _cells(lstm: LSTM | BidirectionalLSTM) -> list[LSTMCell]:
    if isinstance(lstm, BidirectionalLSTM):
        return [lstm.forwards.cell, lstm.backwards.cell]
    return [lstm.cell]


def _drop(
    dropout: list[Dropout], vectors: Float[Tensor, "*words dim"], drawn: Bool[Tensor, "*words dim"]
) -> Float[Tensor, "*words dim"]:
    """Apply dropout with numbers that are drawn already."""
    (layer,) = dropout
    return vectors * (drawn / (1 - layer.rate))


def _distinct(
    ids: Int[np.ndarray, "tokens"],
) -> tuple[Int[np.ndarray, "distinct"], Int[np.ndarray, "tokens"]]:
    """Return a place of each distinct id, and the index of each token's id among them.

    As `np.unique`, without sorting.
    """
    table = np.full(ids.max() + 1, -1)
    table[ids] = np.arange(len(ids))
    is_there = table >= 0
    places = table[is_there]
    table[is_there] = np.arange(len(places))
    return places, table[ids]
