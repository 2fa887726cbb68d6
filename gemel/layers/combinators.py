"""Combinators: one layer after another, and layers side by side."""

import textwrap
from collections.abc import Sequence
from typing import Any

from torch import nn

from gemel.layers.base import Layer


class _Combinator(Layer):
    def __init__(self, layers: Sequence[Any]):
        super().__init__()
        for layer in layers:
            if not isinstance(layer, Layer):
                self.refuse("takes layers", (layer,))
        self.sublayers: Any = nn.ModuleList(layers)

    def __repr__(self) -> str:
        if not len(self.sublayers):
            return self._title()
        layers = "\n".join(map(str, self.sublayers))
        return f"{self._title()}[\n{textwrap.indent(layers, '  ')}\n]"


class Serial(_Combinator):
    """Layers, or lists of them, one after the other on a stack of tensors; None is the identity.

    Each layer takes its `n_in` tensors from the top of the stack and puts its `n_out` back. The
    mask is passed on: an `Embedding` with a padding id makes it, `Mean` removes it.

    Source: `trax.layers.combinators.Serial`.
    """

    def __init__(self, *layers: Any):
        flat = _flatten(layers)
        super().__init__(flat)
        self.n_in, self.n_out = _stack_effect(flat)
        self.bind(None)

    def forward(self, *inputs: Any, mask: Any = None) -> Any:
        """Apply the layers in turn to the stack of inputs."""
        stack, _ = self.advance(inputs, mask)
        return stack if self.n_out != 1 else stack[0]

    def advance(self, inputs: tuple[Any, ...], mask: Any) -> tuple[tuple[Any, ...], Any]:
        """See `Layer`."""
        stack = inputs
        for layer in self.sublayers:
            outputs, mask = layer.advance(stack[: layer.n_in], mask)
            stack = (*outputs, *stack[layer.n_in :])
        return stack, mask

    def bind(self, depth: int | None) -> int | None:
        """Pass the depth from layer to layer."""
        for layer in self.sublayers:
            depth = layer.bind(depth if layer.n_in == 1 else None)
        return depth


class Parallel(_Combinator):
    """Layers side by side, each on its own share of the inputs; a list is a `Serial`.

    `Parallel(encoder, encoder)` is the Siamese network: one layer, one set of weights.

    Source: `trax.layers.combinators.Parallel`.
    """

    def __init__(self, *layers: Any):
        branches = [Serial(x) if x is None or isinstance(x, tuple | list) else x for x in layers]
        super().__init__(branches)
        self.n_in = sum(layer.n_in for layer in branches)
        self.n_out = sum(layer.n_out for layer in branches)

    def forward(self, *inputs: Any, mask: Any = None) -> Any:
        """Apply every layer to its inputs, those of the first layer first.

        Args:
            mask: one for all layers, a tuple of one per layer, or None.
        """
        masks = mask if isinstance(mask, tuple) else (mask,) * len(self.sublayers)
        if len(masks) != len(self.sublayers):
            self.refuse(f"takes a tuple of {len(self.sublayers)} masks, one a layer", inputs)
        results: list[Any] = []
        for layer, own_mask in zip(self.sublayers, masks, strict=True):
            outputs = layer(*inputs[: layer.n_in], mask=own_mask)
            results.extend(outputs if layer.n_out != 1 else (outputs,))
            inputs = inputs[layer.n_in :]
        return tuple(results) if self.n_out != 1 else results[0]

    def bind(self, depth: int | None) -> int | None:
        """Pass the depth on if there is one input; several outputs have no common depth."""
        outcomes = [layer.bind(depth if self.n_in == 1 else None) for layer in self.sublayers]
        return outcomes[0] if len(outcomes) == 1 else None

    def next_mask(self, inputs: tuple[Any, ...], mask: Any) -> Any:
        """Return no mask: each branch has used its own."""
        return None


def _flatten(layers: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for layer in layers:
        if isinstance(layer, tuple | list):
            flat.extend(_flatten(layer))
        elif layer is not None:
            flat.append(layer)
    return flat


def _stack_effect(layers: Sequence[Layer]) -> tuple[int, int]:
    """Return `n_in` and `n_out` of a chain."""
    deepest = height = 0
    for layer in layers:
        height -= layer.n_in
        deepest = min(deepest, height)
        height += layer.n_out
    return (-deepest, height - deepest) if layers else (1, 1)
