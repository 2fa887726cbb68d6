"""The base of layers: numbers of inputs and outputs, a name, and errors that locate it."""

import sys
from typing import Any, NoReturn, cast

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor, nn

from gemel.errors import LayerError

Mask = Bool[Tensor, "batch time"]
"""True where a token is a word, False where it is padding."""


class Layer(nn.Module):
    """A function with weights of `n_in` tensors to `n_out`.

    Call it with the tensors one after the other or, as in Trax, in one tuple; several outputs are a
    tuple. Subclasses define `forward(*inputs, mask=None)` and, for clear errors, `check(*inputs)`.
    Layers raise `LayerError` for arguments and inputs that they cannot use.

    Source: the layer protocol of Trax (`trax.layers.base.Layer`).
    """

    def __init__(self, n_in: int = 1, n_out: int = 1, name: str | None = None):
        super().__init__()
        self.n_in = n_in
        self.n_out = n_out
        self.name = name or type(self).__name__
        self.made_at = _made_at()

    def __call__(self, *inputs: Any, mask: Any = None) -> Any:
        """Apply the layer to `n_in` tensors or NumPy arrays, or to one tuple of them.

        Args:
            mask: which tokens are words, shape (batch, time); None: all.
        """
        if len(inputs) == 1 and isinstance(inputs[0], tuple | list):
            inputs = tuple(inputs[0])
        inputs = tuple(torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in inputs)
        if len(inputs) != self.n_in:
            self.refuse(f"takes {self.n_in} input{'s' * (self.n_in != 1)}", inputs)
        if not all(isinstance(value, Tensor) for value in inputs):
            self.refuse("takes tensors or NumPy arrays", inputs)
        self.check(*inputs)
        try:
            return super().__call__(*inputs, mask=mask)
        except (LayerError, torch.OutOfMemoryError):
            raise
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise self._error(str(error), inputs) from error

    def check(self, *inputs: Any) -> None:
        """Refuse, with a clear error, inputs that `forward` could not use."""

    def bind(self, depth: int | None) -> int | None:
        """Create weights for inputs with a last axis of this depth, if known; return the output's.

        `Serial` calls this, so that `Dense` and `LSTM` have their weights before the first call.
        """
        return depth

    def advance(self, inputs: tuple[Any, ...], mask: Any) -> tuple[tuple[Any, ...], Any]:
        """Apply the layer in a chain; return a tuple of outputs, and their mask."""
        outputs = self(*inputs, mask=mask)
        return outputs if self.n_out != 1 else (outputs,), self.next_mask(inputs, mask)

    def next_mask(self, inputs: tuple[Any, ...], mask: Any) -> Any:
        """Return the mask of the output: by default that of the input."""
        return mask

    def refuse(self, message: str, inputs: tuple[Any, ...]) -> NoReturn:
        """Raise a LayerError with this layer, where it was created, and its inputs."""
        raise self._error(message, inputs)

    def _error(self, message: str, inputs: tuple[Any, ...]) -> LayerError:
        got = ", ".join(_describe(value) for value in inputs) or "nothing"
        return LayerError(f"{self._title()} (made at {self.made_at}): {message}; it got {got}")

    def _title(self) -> str:
        inputs = f"_in{self.n_in}" if self.n_in != 1 else ""
        outputs = f"_out{self.n_out}" if self.n_out != 1 else ""
        return self.name + inputs + outputs

    def __repr__(self) -> str:
        return self._title()


def _describe(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return f"{type(value).__name__} {value!r:.40}"


def _made_at() -> str:
    """Name the file and line, outside of gemel, that is making a layer."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        module = frame.f_globals.get("__name__", "").partition(".")[0]
        if module not in _OURS and not frame.f_code.co_filename.startswith("<@beartype"):
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


_OURS = {"gemel", "torch", "jaxtyping", "beartype", "functools"}


def new_parameter(*shape: int | None) -> nn.Parameter:
    """Make a weight, or a placeholder if a size is not yet known (None)."""
    sizes = [size for size in shape if size is not None]
    if len(sizes) < len(shape):
        return cast(nn.Parameter, nn.UninitializedParameter())
    return nn.Parameter(torch.empty(sizes))
