"""The two combinators that carry everything: one layer after another, and layers side by side."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from gemel.layers.base import Layer


class Serial(Layer):
    """Layers one after the other, on a stack of tensors.

    Each layer takes its `n_in` tensors from the top of the stack and puts its `n_out` back, so
    what one layer leaves over is there for the next. The mask travels along: an `Embedding` that
    knows the padding id makes it, `Mean` uses it up.

    Args:
        layers: layers, or lists of them; None is the layer that changes nothing.

    Raises:
        LayerError: something that is not a layer, or depths that do not fit each other.

    Source: `trax.layers.combinators.Serial`.
    """

    def __init__(self, *layers: Any):
        flat = _flatten(layers)
        super().__init__()
        self.sublayers = _adopt(self, flat)
        self.n_in, self.n_out = _stack_effect(flat)
        self.bind(None)

    def forward(self, *inputs: Any, mask: Any = None) -> Any:
        """Apply the layers in turn to the stack that `inputs` begins."""
        stack, _ = self.advance(inputs, mask)
        return stack if self.n_out != 1 else stack[0]

    def advance(self, inputs: tuple[Any, ...], mask: Any) -> tuple[tuple[Any, ...], Any]:
        """Apply the layers in turn and follow the mask through them."""
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

    def __repr__(self) -> str:
        return _tree(self._title(), self.sublayers)


class Parallel(Layer):
    """Layers side by side, each on its own share of the inputs.

    `Parallel(encoder, encoder)` is the Siamese network: one layer, named twice, one set of weights.

    Args:
        layers: layers; a list of them is a `Serial`, None the layer that changes nothing.

    Raises:
        LayerError: something that is not a layer.

    Source: `trax.layers.combinators.Parallel`.
    """

    def __init__(self, *layers: Any):
        branches = [_branch(layer) for layer in layers]
        super().__init__()
        self.sublayers = _adopt(self, branches)
        self.n_in = sum(layer.n_in for layer in branches)
        self.n_out = sum(layer.n_out for layer in branches)

    def forward(self, *inputs: Any, mask: Any = None) -> Any:
        """Apply every layer to its inputs.

        Args:
            inputs: the first layer's inputs, then the second's, and so on.
            mask: one mask for all layers, a tuple of one a layer, or None.
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
        """Pass the depth on where there is one input only; several outputs have no one depth."""
        outcomes = [layer.bind(depth if self.n_in == 1 else None) for layer in self.sublayers]
        return outcomes[0] if len(outcomes) == 1 else None

    def next_mask(self, inputs: tuple[Any, ...], mask: Any) -> Any:
        """Return no mask: each branch has used its own."""
        return None

    def __repr__(self) -> str:
        return _tree(self._title(), self.sublayers)


def _flatten(layers: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for layer in layers:
        if isinstance(layer, tuple | list):
            flat.extend(_flatten(layer))
        elif layer is not None:
            flat.append(layer)
    return flat


def _branch(layer: Any) -> Any:
    return Serial(layer) if layer is None or isinstance(layer, tuple | list) else layer


def _stack_effect(layers: Sequence[Layer]) -> tuple[int, int]:
    """Count what a chain takes from the stack and what it leaves there; an empty one is 1, 1."""
    deepest = height = 0
    for layer in layers:
        height -= layer.n_in
        deepest = min(deepest, height)
        height += layer.n_out
    return (-deepest, height - deepest) if layers else (1, 1)


def _adopt(parent: Layer, layers: Sequence[Any]) -> Any:
    for layer in layers:
        if not isinstance(layer, Layer):
            parent.refuse("takes layers", (layer,))
    return nn.ModuleList(layers)


def _tree(title: str, sublayers: Any) -> str:
    if not len(sublayers):
        return title
    inner = "\n".join(str(layer) for layer in sublayers)
    indented = "\n".join(f"  {line}" for line in inner.split("\n"))
    return f"{title}[\n{indented}\n]"
