"""Encoding and training without padding, with the compiled library."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int32, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gemel.compiled import Library, find_library
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
from gemel.layers.sequence import LSTMCell
from gemel.text import TokenTable

_KINDS = 3
"""Kinds of processor that `gemel_step` supports; see `gemel_kinds`."""


@dataclass(frozen=True, eq=False)
class PackedRows:
    """Tokens of rows of different lengths, ordered by step."""

    order: Int64[Tensor, "batch"]
    """The rows from the longest to the shortest."""
    lengths: Int64[Tensor, "batch"]
    """In that order."""
    starts: Int64[np.ndarray, "steps_and_2"]
    """Start of each step's tokens, and twice the end of the last."""
    forwards: Int64[np.ndarray, "tokens"]
    """Place of each token in the flattened padded rows."""
    backwards: Int64[np.ndarray, "tokens"]
    """The same with each row reversed."""

    @functools.cached_property
    def counts(self) -> list[int]:
        """Number of tokens of each step."""
        counts: list[int] = np.diff(self.starts)[:-1].tolist()
        return counts

    @classmethod
    def of(cls, mask: Bool[np.ndarray, "batch time"]) -> "PackedRows":
        """Pack rows; `mask` is true where there is a word, and padding is on the right."""
        lengths = mask.sum(axis=1)
        order = np.argsort(-lengths, kind="stable")
        lengths, time = lengths[order], mask.shape[1]
        steps = np.arange(lengths[0])[:, None]
        is_word = steps < lengths
        first = order * time
        starts = np.concatenate([[0], np.cumsum(is_word.sum(axis=1))])
        return cls(
            order=torch.from_numpy(order),
            lengths=torch.from_numpy(lengths),
            starts=np.append(starts, starts[-1]),
            forwards=(first + steps)[is_word],
            backwards=(first + lengths - 1 - steps)[is_word],
        )


def can_pack(x: Tensor) -> bool:
    """Return whether rows can be encoded without padding: on a CPU, with the compiled library."""
    return x.device.type == "cpu" and find_library() is not None


def read_packed(
    cell: LSTMCell,
    vectors: Float[Tensor, "words depth"],
    words: Int[np.ndarray, "tokens"],
    rows: PackedRows,
    *,
    highest: bool,
) -> Float32[Tensor, "batch dim"]:
    """Encode rows and pool the outputs of each; a row without words gives zeros.

    Under autocast factors are bfloat16, and sums float32.

    Args:
        vectors: distinct words.
        words: index into `vectors` of each token, in the order of `rows`, forwards or backwards.
        highest: whether to pool by the maximum, not the mean.
    """
    pooled: Tensor = _PackedLSTM.apply(  # type: ignore[no-untyped-call]
        vectors, cell.weight_ih, cell.weight_hh, cell.bias, words.astype(np.int32), rows, highest
    )
    return pooled


class _PackedLSTM(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        vectors: Float[Tensor, "words depth"],
        weight_ih: Float[Tensor, "gates depth"],
        weight_hh: Float[Tensor, "gates dim"],
        bias: Float[Tensor, "gates"],
        words: Int32[np.ndarray, "tokens"],
        rows: PackedRows,
        highest: bool,
    ) -> Float32[Tensor, "batch dim"]:
        is_short = torch.is_autocast_enabled("cpu")
        dtype = torch.bfloat16 if is_short else torch.float32
        vectors, weight_ih, weight_hh = (x.to(dtype) for x in (vectors, weight_ih, weight_hh))
        units, counts = weight_hh.shape[1], rows.counts
        inputs = torch.addmm(bias.to(dtype), vectors, weight_ih.t())
        gates = torch.empty(len(words), 4 * units, dtype=dtype)
        cells = torch.empty(len(words), units)
        outputs = torch.empty(len(words) - counts[0], units, dtype=dtype)
        pooled = torch.zeros(len(rows.order), units)
        best = torch.zeros(pooled.shape if highest else 0, dtype=torch.int32)
        step = _bound("gemel_step", rows.starts, words, inputs, gates, cells, outputs, pooled, best)
        numbers = (_kind(), is_short, highest, units)
        recurrent = weight_hh.t()
        step(*numbers, 0)
        products = zip(outputs.split(counts[1:]), gates.split(counts)[1:], strict=True)
        for number, (before, here) in enumerate(products, start=1):
            torch.mm(before, recurrent, out=here)
            step(*numbers, number)
        if not highest:
            pooled /= rows.lengths[:, None].clamp_min(1)
        ctx.save_for_backward(vectors, weight_ih, weight_hh)
        ctx.stored = (gates, cells, outputs, best, words, rows, highest)
        return torch.empty_like(pooled).index_copy_(0, rows.order, pooled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Float32[Tensor, "batch dim"]) -> Any:
        vectors, weight_ih, weight_hh = ctx.saved_tensors
        gates, cells, outputs, best, words, rows, highest = ctx.stored
        # The gates are overwritten by their gradients: this runs once.
        del ctx.stored
        units, counts, dtype = weight_hh.shape[1], rows.counts, gates.dtype
        pooled = gradient[rows.order]
        if not highest:
            pooled /= rows.lengths[:, None].clamp_min(1)
        carried = torch.empty_like(pooled)
        behind = torch.empty(counts[0], units, dtype=dtype)
        sums = torch.zeros(len(vectors), 4 * units)
        step = _bound(
            "gemel_step_back",
            *(rows.starts, words, gates, cells, behind, pooled, best, carried, sums),
        )
        numbers = (_kind(), dtype == torch.bfloat16, highest, units)
        for number, here in reversed(list(enumerate(gates.split(counts)))):
            step(*numbers, number)
            if number:
                torch.mm(here, weight_hh, out=behind[: len(here)])
        inputs = sums.to(dtype)
        gradients = inputs @ weight_ih, inputs.t() @ vectors, gates[counts[0] :].t() @ outputs
        return (*(each.float() for each in gradients), sums.sum(dim=0), None, None, None)


def _bound(name: str, *arrays: Any) -> Callable[..., int]:
    """Return a compiled function with its arrays and tensors, which must outlive it."""
    return _library().bind(name, *(x if isinstance(x, np.ndarray) else _numpy(x) for x in arrays))


def _numpy(x: Tensor) -> Any:
    # NumPy knows no bfloat16.
    return (x.view(torch.uint16) if x.dtype == torch.bfloat16 else x).numpy()


@functools.cache
def _kind() -> int:
    """Return the best kind that this processor supports."""
    return (_library().call("gemel_kinds", ()) & (1 << _KINDS) - 1).bit_length() - 1


def _library() -> Library:
    library = find_library()
    if library is None:
        raise RuntimeError("gemel was installed without its compiled part; ask `can_pack` first")
    return library


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
