"""How an encoder reads while it learns: without padding, where that can be had."""

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
    kept: Bool[Tensor, "questions time dim"] | None = None,
) -> Float[Tensor, "questions dim"]:
    """Return what a processor gives; sooner, where gemel has its compiled part.

    A word that is in many places is looked up, and multiplied with the LSTM's input weights,
    once for all of them, unless dropout or its spelling makes it another in each.

    Args:
        processor: that of a `SiameseModel`.
        inputs: what it takes; padding is on the right.
        stored: which numbers of the words' vectors dropout leaves, from `draw_kept`; drawn if None.
    """
    embedding, *dropout, lstm, pooling, normalize = processor.sublayers
    tensors, mask = _on_device(processor, inputs)
    rows = _packed(processor, mask)
    if rows is None:
        if kept is None:
            found: Tensor = processor(tensors)
            return found
        stack: tuple[Tensor, ...] = (_drop(dropout, embedding(*tensors), kept),)
        for layer in (lstm, pooling, normalize):
            stack, mask = layer.advance(stack, mask)
        return stack[0]
    # Padded arrays give their words, one after the other; the spelling of words stays as it is.
    padded = [each.reshape(-1)[rows.forwards] for each in inputs if each.ndim == 2]
    if dropout or len(padded) > 1:
        places = words = np.arange(len(rows.forwards))
    else:
        places, words = _distinct(padded[0])
    chosen = [each[places][None] for each in padded]
    vectors = embedding(*chosen, *inputs[len(padded) :])[0]
    if kept is not None:
        vectors = _drop(dropout, vectors, kept.flatten(0, 1)[rows.forwards])
    else:
        for layer in dropout:
            vectors = layer(vectors)
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
    """Draw the numbers that dropout leaves, the same as `read` would draw for all of a batch.

    So parts of a batch can be read one by one, and as often as one likes, as in one go.

    Args:
        processor: that of a `SiameseModel`.
        inputs: what it takes, for the whole batch.

    Returns:
        True for what is left, also where there is padding; None if the processor has no dropout.
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
    """Return an encoder's inputs for some questions of a batch, with their composed words.

    Args:
        processor: that of a `SiameseModel`.
        inputs: what it takes, for the whole batch.
        rows: which of the questions.
    """
    *others, numbers = (each[rows] for each in inputs if each.ndim == 2)
    embedding = processor.sublayers[0]
    if not isinstance(embedding, SubwordEmbedding | ComposedEmbedding):
        return (numbers,)
    # Where the numbers of spelled words begin: behind the table's, or behind 0.
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
    """Return the rows of each table that a batch looks up: no other can have a gradient.

    Args:
        processor: that of a `SiameseModel`.
        inputs: what it takes.
    """
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
    """Put inputs where the network is; give the mask of the words too."""
    device = next(processor.parameters()).device
    tensors = tuple(torch.from_numpy(each).to(device) for each in inputs)
    return tensors, processor.sublayers[0].next_mask(tensors, None)


def _packed(processor: Serial, mask: Mask | None) -> PackedRows | None:
    """Pack the words, where they can be read so."""
    if mask is None or not mask.any() or not can_pack(next(processor.parameters())):
        return None
    return PackedRows.of(mask.numpy())


def _cells(lstm: LSTM | BidirectionalLSTM) -> list[LSTMCell]:
    if isinstance(lstm, BidirectionalLSTM):
        return [lstm.forwards.cell, lstm.backwards.cell]
    return [lstm.cell]


def _drop(
    dropout: list[Dropout], vectors: Float[Tensor, "*words dim"], kept: Bool[Tensor, "*words dim"]
) -> Float[Tensor, "*words dim"]:
    """Do what dropout does, with numbers that are drawn already."""
    (layer,) = dropout
    return vectors * (kept / (1 - layer.rate))


def _distinct(
    ids: Int[np.ndarray, "tokens"],
) -> tuple[Int[np.ndarray, "distinct"], Int[np.ndarray, "tokens"]]:
    """Return a place of each id that there is, and which of these ids each token is.

    `np.unique` gives the same, but sorts for it.
    """
    table = np.full(ids.max() + 1, -1)
    table[ids] = np.arange(len(ids))
    is_there = table >= 0
    places = table[is_there]
    table[is_there] = np.arange(len(places))
    return places, table[ids]
