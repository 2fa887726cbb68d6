"""Training of an LSTM with pooling on rows without padding; partly compiled."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int32, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable

from gemel.compiled import Library, find_library
from gemel.layers.sequence import LSTMCell

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
