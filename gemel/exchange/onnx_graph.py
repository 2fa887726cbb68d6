"""A frozen model as an ONNX graph of standard operators.

    input_ids, attention_mask -> word vectors -> LSTM -> pooling -> length 1 -> sentence_embedding

Padding is on the right and does not influence vectors; a question without words is all zeros.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32, Int8, Shaped

from gemel.errors import MissingExtraError
from gemel.exchange.frozen_model import Frozen
from gemel.version import __version__


class Nodes:
    """Nodes in the order of computation, named by operator and number.

    Args:
        onnx: the package.
        int8: store weights as int8.
    """

    def __init__(self, onnx: Any, *, int8: bool):
        self.onnx = onnx
        self.int8 = int8
        self.listed: list[Any] = []
        self.constants: list[Any] = []
        self._lists: set[str] = set()

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its result.

        Args:
            inputs: names; an empty one is omitted.
            out: name of its result; made up if empty.
        """
        out = out or f"{operator}_{len(self.listed)}"
        node = self.onnx.helper.make_node(operator, list(inputs), [out], name=out, **attributes)
        self.listed.append(node)
        return out

    def constant(self, name: str, array: Shaped[np.ndarray, "..."]) -> str:
        """Add an array of the model, and return its name."""
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def whole(self, *numbers: int) -> str:
        """Return the name of a list of integers, as for axes and shapes; each is stored once."""
        name = "_".join(map(str, ("whole", *numbers)))
        if name not in self._lists:
            self._lists.add(self.constant(name, np.array(numbers, np.int64)))
        return name

    def weights(self, name: str, array: Float32[np.ndarray, "*rows numbers"]) -> str:
        """Add weights, and return the name of their values."""
        if not self.int8:
            return self.constant(name, array)
        held, scales = (self.constant(*each) for each in self._halves(name, array))
        return self._numbers(held, scales)

    def rows(self, name: str, array: Float32[np.ndarray, "rows numbers"], places: str) -> str:
        """Add a table, and return the name of its rows at `places`."""
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
    """Quantise rows to int8, from -127 to 127, each with its scale."""
    highest = np.abs(array).max(axis=-1, keepdims=True, initial=0)
    # Rows next to nothing have no scale in float32, but are nothing to the network too.
    scales = np.where(highest > 1e-30, highest / 127, 1).astype(np.float32)
    return np.rint(array / scales).clip(-127, 127).astype(np.int8), scales


IDS, MASK, VECTORS = "input_ids", "attention_mask", "sentence_embedding"
"""Names of inputs and output."""

_OPSET, _IR = 17, 8
"""Versions of 2022, which all runtimes read."""
_GATES = (0, 3, 1, 2)
"""Gates in the order of ONNX: input, output, forget, new."""


def require_onnx() -> Any:
    """Import onnx.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise MissingExtraError("export to ONNX", "onnx") from error
    return onnx


def make_onnx(frozen: Frozen, *, int8: bool = False, notes: Mapping[str, str] | None = None) -> Any:
    """Make an `onnx.ModelProto`, validated by onnx.

    Args:
        int8: store weights as int8, with a scale per row; computation stays in float32.
        notes: metadata of the file (`metadata_props`).

    Raises:
        MissingExtraError: onnx is not installed.
    """
    onnx = require_onnx()
    nodes = Nodes(onnx, int8=int8)
    _add_network(nodes, frozen)
    helper, kinds = onnx.helper, onnx.TensorProto
    shape = ["batch", "time"]
    graph = helper.make_graph(
        nodes.listed,
        "gemel",
        [helper.make_tensor_value_info(name, kinds.INT64, shape) for name in (IDS, MASK)],
        [helper.make_tensor_value_info(VECTORS, kinds.FLOAT, ["batch", frozen.dim])],
        nodes.constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
        producer_name="gemel",
        producer_version=__version__,
    )
    helper.set_model_props(model, dict(notes or {}))
    onnx.checker.check_model(model, full_check=True)
    return model


def _add_network(nodes: Nodes, frozen: Frozen) -> None:
    """Add the network, from ids to unit vectors."""
    add, kinds = nodes.add, nodes.onnx.TensorProto
    shape = add("Shape", IDS)
    missing = add("Max", add("Sub", nodes.whole(1, 1), shape), nodes.whole(0, 0))
    # What computes LSTMs falls over where there is no question, or no time.
    more = add("Concat", nodes.whole(0, 0), missing, axis=0)
    ids, mask = (add("Transpose", add("Pad", name, more), perm=[1, 0]) for name in (IDS, MASK))
    is_word = add("Cast", mask, to=kinds.BOOL)
    counts = add("ReduceSum", add("Cast", is_word, to=kinds.INT64), nodes.whole(0), keepdims=0)
    lengths = add("Max", counts, nodes.whole(1))  # an LSTM reads one word at least
    outputs = add(
        "LSTM",
        nodes.rows("table", frozen.table, ids),
        *_weights(nodes, frozen),
        add("Cast", lengths, to=kinds.INT32),
        hidden_size=frozen.forwards.weight_hh.shape[1],
        direction="forward" if frozen.backwards is None else "bidirectional",
    )
    is_read = add("Unsqueeze", is_word, nodes.whole(1, 3))  # time, way, batch, unit
    zero, lowest = (nodes.constant(f"{x}", np.array(x, np.float32)) for x in (0, -np.inf))
    if frozen.pooling == "max":
        read = add("Where", is_read, outputs, lowest)
        pooled = _joined(nodes, add("ReduceMax", read, axes=[0], keepdims=0), frozen.dim)
        has_words = add("Cast", add("Unsqueeze", counts, nodes.whole(1)), to=kinds.BOOL)
        pooled = add("Where", has_words, pooled, zero)
    else:
        read = add("Where", is_read, outputs, zero)
        total = add("ReduceSum", read, nodes.whole(0), keepdims=0)
        share = add("Cast", add("Unsqueeze", lengths, nodes.whole(1)), to=kinds.FLOAT)
        pooled = add("Div", _joined(nodes, total, frozen.dim), share)
    squares = add("ReduceSum", add("Mul", pooled, pooled), nodes.whole(1), keepdims=1)
    least = nodes.constant("least", np.array(1e-24, np.float32))
    unit = add("Div", pooled, add("Sqrt", add("Max", squares, least)))
    questions = add("Gather", shape, nodes.whole(0))
    add("Slice", unit, nodes.whole(0), questions, nodes.whole(0), out=VECTORS)


def _joined(nodes: Nodes, pooled: str, dim: int) -> str:
    """Concatenate the outputs of both directions."""
    by_question = nodes.add("Transpose", pooled, perm=[1, 0, 2])
    return nodes.add("Reshape", by_question, nodes.whole(0, dim))


def _weights(nodes: Nodes, frozen: Frozen) -> list[str]:
    """Add the weights and biases of the LSTM."""
    ways = [frozen.forwards, *([frozen.backwards] if frozen.backwards else [])]
    biases = [_turned(way.bias[:, None])[:, 0] for way in ways]
    return [
        nodes.weights("input", np.stack([_turned(way.weight_ih) for way in ways])),
        nodes.weights("recurrent", np.stack([_turned(way.weight_hh) for way in ways])),
        # ONNX has two of them, which are added.
        nodes.constant("bias", np.stack([np.append(bias, 0 * bias) for bias in biases])),
    ]


def _turned(gates: Float32[np.ndarray, "gates numbers"]) -> Float32[np.ndarray, "gates numbers"]:
    """Reorder gates for ONNX."""
    return np.concatenate([np.split(gates, 4)[gate] for gate in _GATES])
