"""A frozen model as an ONNX graph, of standard operators only.

    input_ids, attention_mask -> word vectors -> LSTM -> pooling -> length 1 -> sentence_embedding

Padding stands on the right. A question's vector hangs on its own words alone, to the last bits that
the order of a sum decides; one without words is all zeros.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32

from gemel.errors import MissingExtraError
from gemel.exchange.frozen_model import Frozen
from gemel.exchange.onnx_nodes import Nodes
from gemel.version import __version__

IDS, MASK, VECTORS = "input_ids", "attention_mask", "sentence_embedding"
"""What goes in and out, named as other tools expect it."""

_OPSET, _IR = 17, 8
"""Of 2022: what reads ONNX at all reads these."""
_GATES = (0, 3, 1, 2)
"""Ours are input, forget, new, output; those of ONNX input, output, forget, new."""


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
    """Make an `onnx.ModelProto`, checked by onnx itself.

    Args:
        frozen: the model.
        int8: whether weights are held as bytes, each row with a scale of its own; what is computed
            stays float32.
        notes: texts that the file carries along (`metadata_props`).

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
    """Add all between the ids and the unit vectors."""
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
    """Put what both directions gave of a question one behind the other."""
    by_question = nodes.add("Transpose", pooled, perm=[1, 0, 2])
    return nodes.add("Reshape", by_question, nodes.whole(0, dim))


def _weights(nodes: Nodes, frozen: Frozen) -> list[str]:
    """Add what the LSTM multiplies with, and its biases."""
    ways = [frozen.forwards, *([frozen.backwards] if frozen.backwards else [])]
    biases = [_turned(way.bias[:, None])[:, 0] for way in ways]
    return [
        nodes.weights("input", np.stack([_turned(way.weight_ih) for way in ways])),
        nodes.weights("recurrent", np.stack([_turned(way.weight_hh) for way in ways])),
        # ONNX has two of them, which are added.
        nodes.constant("bias", np.stack([np.append(bias, 0 * bias) for bias in biases])),
    ]


def _turned(gates: Float32[np.ndarray, "gates numbers"]) -> Float32[np.ndarray, "gates numbers"]:
    """Put the gates in ONNX's order."""
    return np.concatenate([np.split(gates, 4)[gate] for gate in _GATES])
