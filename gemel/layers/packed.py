"""An LSTM that train on rows without padding, and pools what it gives; partly compiled."""

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
"""Kinds of processor that `gemel_step` knows; see `gemel_kinds`."""


@dataclass(frozen=True, eq=False)
class PackedRows:
    """The words of rows of different lengths, step by step: of each those of the rows so long."""

    order: Int64[Tensor, "batch"]
    """The rows from the longest to the shortest."""
    lengths: Int64[Tensor, "batch"]
    """Their lengths, in that order."""
    starts: Int64[np.ndarray, "steps_and_2"]
    """Where the tokens of each step begin, and twice where the last ones end."""
    forwards: Int64[np.ndarray, "tokens"]
    """Where each token is in the padded rows, as if they were one row."""
    backwards: Int64[np.ndarray, "tokens"]
    """The same of each row read from its end."""

    @functools.cached_property
    def counts(self) -> list[int]:
        """How many tokens each step has."""
        counts: list[int] = np.diff(self.starts)[:-1].tolist()
        return counts

    @classmethod
    def of(cls, mask: Bool[np.ndarray, "batch time"]) -> "PackedRows":
        """Pack rows.

        Args:
            mask: true where there is a word; those of a row are at its beginning.
        """
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
    """Read rows and pool the outputs of each; a row without words gives zeros.

    Under autocast what is multiplied is bfloat16; sums are float32 always.

    Args:
        cell: the LSTM's.
        vectors: of words.
        words: which of them each token is, in the order of `rows`, forwards or backwards.
        rows: how the tokens lie.
        highest: whether to keep of each number the highest over the words, not the mean.
    """
    pooled: Tensor = _PackedLSTM.apply(  # type: ignore[no-untyped-call]
        vectors, cell.weight_ih, cell.weight_hh, cell.bias, words.astype(np.int32), rows, highest
    )
    return pooled


class _PackedLSTM(torch.autograd.Function):
    """The steps, forwards and backwards."""

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
        ctx.kept = (gates, cells, outputs, best, words, rows, highest)
        return torch.empty_like(pooled).index_copy_(0, rows.order, pooled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Float32[Tensor, "batch dim"]) -> Any:
        vectors, weight_ih, weight_hh = ctx.saved_tensors
        gates, cells, outputs, best, words, rows, highest = ctx.kept
        # The gates give way to their gradients: there is no second time.
        del ctx.kept
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
        return (
            (inputs @ weight_ih).float(),
            (inputs.t() @ vectors).float(),
            (gates[counts[0] :].t() @ outputs).float(),
            sums.sum(dim=0),
            None,
            None,
            None,
        )


def _bound(name: str, *arrays: Any) -> Callable[..., int]:
    """Return a compiled function with its arrays and tensors, which must outlive it."""
    return _library().bind(name, *(x if isinstance(x, np.ndarray) else _numpy(x) for x in arrays))


def _numpy(x: Tensor) -> Any:
    # NumPy knows no bfloat16.
    return (x.view(torch.uint16) if x.dtype == torch.bfloat16 else x).numpy()


@functools.cache
def _kind() -> int:
    """Return the best kind of processor that this one is."""
    return (_library().call("gemel_kinds", ()) & (1 << _KINDS) - 1).bit_length() - 1


def _library() -> Library:
    library = find_library()
    if library is None:
        raise RuntimeError("gemel was installed without its compiled part; ask `can_pack` first")
    return library
