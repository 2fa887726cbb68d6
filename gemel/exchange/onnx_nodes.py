"""The parts of an ONNX graph while it is put together: nodes, and the arrays that they take."""

from typing import Any

import numpy as np
from jaxtyping import Float32, Int8, Shaped


class Nodes:
    """Nodes in the order in which they are computed, named by their number.

    Args:
        onnx: the package.
        int8: whether weights are held as bytes.
    """

    def __init__(self, onnx: Any, *, int8: bool):
        self.onnx = onnx
        self.int8 = int8
        self.listed: list[Any] = []
        self.constants: list[Any] = []
        self._lists: set[str] = set()

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node.

        Args:
            operator: of the ONNX standard.
            inputs: names of what it takes; an empty one is left out.
            out: what to call its result; named by its number if empty.
            attributes: of the operator.

        Returns:
            The name of its result.
        """
        out = out or f"{operator}_{len(self.listed)}"
        node = self.onnx.helper.make_node(operator, list(inputs), [out], name=out, **attributes)
        self.listed.append(node)
        return out

    def constant(self, name: str, array: Shaped[np.ndarray, "..."]) -> str:
        """Add an array that is part of the model, and give its name."""
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def whole(self, *numbers: int) -> str:
        """Give the name of a list of whole numbers, as axes and shapes are; each is held once."""
        name = "_".join(map(str, ("whole", *numbers)))
        if name not in self._lists:
            self._lists.add(self.constant(name, np.array(numbers, np.int64)))
        return name

    def weights(self, name: str, array: Float32[np.ndarray, "*rows numbers"]) -> str:
        """Add weights, and give what stands for their numbers."""
        if not self.int8:
            return self.constant(name, array)
        held, scales = (self.constant(*each) for each in self._halves(name, array))
        return self._numbers(held, scales)

    def rows(self, name: str, array: Float32[np.ndarray, "rows numbers"], places: str) -> str:
        """Add a table, and give what stands for some of its rows.

        Args:
            name: of the table.
            array: its numbers.
            places: the name of which rows; any shape.
        """
        if not self.int8:
            return self.add("Gather", self.constant(name, array), places)
        # Picked as bytes: the whole table is never there in float32.
        held, scales = (
            self.add("Gather", self.constant(*each), places) for each in self._halves(name, array)
        )
        return self._numbers(held, scales)

    def _halves(self, name: str, array: np.ndarray) -> list[tuple[str, np.ndarray]]:
        held, scales = in_bytes(array)
        return [(f"{name}.bytes", held), (f"{name}.scales", scales)]

    def _numbers(self, held: str, scales: str) -> str:
        return self.add("Mul", self.add("Cast", held, to=self.onnx.TensorProto.FLOAT), scales)


def in_bytes(
    array: Float32[np.ndarray, "*rows numbers"],
) -> tuple[Int8[np.ndarray, "*rows numbers"], Float32[np.ndarray, "*rows 1"]]:
    """Give rows as bytes from -127 to 127, and what each row's are to be multiplied with."""
    highest = np.abs(array).max(axis=-1, keepdims=True, initial=0)
    # Rows next to nothing have no scale in float32, but are nothing to the network too.
    scales = np.where(highest > 1e-30, highest / 127, 1).astype(np.float32)
    return np.rint(array / scales).clip(-127, 127).astype(np.int8), scales
