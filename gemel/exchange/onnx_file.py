"""A frozen model as an ONNX file of standard operators, compared with gemel in ONNX Runtime.

    input_ids, attention_mask -> word vectors -> LSTM -> pooling -> length 1 -> sentence_embedding

Padding is on the right and does not influence vectors; a question without words is all zeros.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int8, Shaped

from gemel.errors import ConfigError, GemelError, MissingExtraError
from gemel.exchange.frozen_model import Frozen
from gemel.files import write_bytes
from gemel.inference.lstm_backends import NumpyLSTM
from gemel.inference.numpy_network import NumpyEncoder
from gemel.text import TokenTable
from gemel.version import __version__


class Nodes:
    """Nodes in the order of computation, named by operator and number; weights may be int8."""

    def __init__(self, onnx: Any, *, int8: bool):
        self.onnx = onnx
        self.int8 = int8
        self.listed: list[Any] = []
        self.constants: list[Any] = []
        self._lists: set[str] = set()

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its result (`out`, or made up)."""
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
        return self._numbers(*(self.constant(*each) for each in _quantised(name, array)))

    def rows(self, name: str, array: Float32[np.ndarray, "rows numbers"], places: str) -> str:
        """Add a table, and return the name of its rows at `places`."""
        if not self.int8:
            return self.add("Gather", self.constant(name, array), places)
        # Picked as bytes: the whole table is never there in float32.
        parts = [self.constant(*each) for each in _quantised(name, array)]
        return self._numbers(*(self.add("Gather", part, places) for part in parts))

    def _numbers(self, integers: str, scales: str) -> str:
        return self.add("Mul", self.add("Cast", integers, to=self.onnx.TensorProto.FLOAT), scales)


def _quantised(name: str, array: np.ndarray) -> list[tuple[str, np.ndarray]]:
    integers, scales = in_bytes(array)
    return [(f"{name}.bytes", integers), (f"{name}.scales", scales)]


def in_bytes(
    array: Float32[np.ndarray, "*rows numbers"],
) -> tuple[Int8[np.ndarray, "*rows numbers"], Float32[np.ndarray, "*rows 1"]]:
    """Quantise rows to int8, from -127 to 127, each with its scale."""
    highest = np.abs(array).max(axis=-1, keepdims=True, initial=0)
    # Rows near zero have no scale in float32, and do not matter to the network.
    scales = np.where(highest > 1e-30, highest / 127, 1).astype(np.float32)
    return np.rint(array / scales).clip(-127, 127).astype(np.int8), scales


IDS, MASK, VECTORS = "input_ids", "attention_mask", "sentence_embedding"
"""Names of inputs and output."""

_OPSET, _IR = 17, 8
"""Versions of 2022, which all runtimes read."""
_GATES = (0, 3, 1, 2)
"""Gates in the order of ONNX: input, output, forget, new."""


def require_onnx() -> Any:
    """Import onnx, or raise `MissingExtraError`."""
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
    # Runtimes fail on an LSTM without questions or words.
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
        pooled = _concatenated(nodes, add("ReduceMax", read, axes=[0], keepdims=0), frozen.dim)
        has_words = add("Cast", add("Unsqueeze", counts, nodes.whole(1)), to=kinds.BOOL)
        pooled = add("Where", has_words, pooled, zero)
    else:
        read = add("Where", is_read, outputs, zero)
        total = add("ReduceSum", read, nodes.whole(0), keepdims=0)
        share = add("Cast", add("Unsqueeze", lengths, nodes.whole(1)), to=kinds.FLOAT)
        pooled = add("Div", _concatenated(nodes, total, frozen.dim), share)
    squares = add("ReduceSum", add("Mul", pooled, pooled), nodes.whole(1), keepdims=1)
    least = nodes.constant("least", np.array(1e-24, np.float32))
    unit = add("Div", pooled, add("Sqrt", add("Max", squares, least)))
    questions = add("Gather", shape, nodes.whole(0))
    add("Slice", unit, nodes.whole(0), questions, nodes.whole(0), out=VECTORS)


def _concatenated(nodes: Nodes, pooled: str, dim: int) -> str:
    by_question = nodes.add("Transpose", pooled, perm=[1, 0, 2])
    return nodes.add("Reshape", by_question, nodes.whole(0, dim))


def _weights(nodes: Nodes, frozen: Frozen) -> list[str]:
    """Add the weights and biases of the LSTM."""
    ways = frozen.directions.values()
    biases = [_reordered(way.bias[:, None])[:, 0] for way in ways]
    return [
        nodes.weights("input", np.stack([_reordered(way.weight_ih) for way in ways])),
        nodes.weights("recurrent", np.stack([_reordered(way.weight_hh) for way in ways])),
        # ONNX has two of them, which are added.
        nodes.constant("bias", np.stack([np.append(bias, 0 * bias) for bias in biases])),
    ]


def _reordered(gates: Float32[np.ndarray, "gates numbers"]) -> Float32[np.ndarray, "gates numbers"]:
    """Reorder gates for ONNX."""
    return np.concatenate([np.split(gates, 4)[gate] for gate in _GATES])


class OnnxAnswers:
    """An exported model in ONNX Runtime on the CPU; `model` is the content of the file."""

    def __init__(self, model: bytes, *, threads: int = 1):
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise MissingExtraError("to run ONNX", "onnx") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    @property
    def notes(self) -> Mapping[str, str]:
        """Metadata of the file."""
        notes: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return notes

    def __call__(self, questions: Sequence[Sequence[int]]) -> Float32[np.ndarray, "questions dim"]:
        """Return the vectors of questions, given as rows of `Frozen.words`."""
        longest = max(map(len, questions), default=0)
        ids = np.zeros((len(questions), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, words in enumerate(questions):
            ids[row, : len(words)] = words
            mask[row, : len(words)] = 1
        vectors: Float32[np.ndarray, "questions dim"]
        (vectors,) = self._session.run(None, {IDS: ids, MASK: mask})
        return vectors


def gemel_vectors(
    frozen: Frozen, questions: Sequence[Sequence[int]]
) -> Float32[np.ndarray, "questions dim"]:
    """Return the vectors of gemel's own engine."""
    weights = {"embedding.weight": frozen.table}
    for name, way in frozen.directions.items():
        weights |= {f"{name}.{part}": array for part, array in vars(way).items()}
    encoder = NumpyEncoder(weights, NumpyLSTM, pooling=frozen.pooling)
    ids = [word for question in questions for word in question]
    starts = np.cumsum([0, *map(len, questions)])
    return encoder(TokenTable(np.array(ids, np.int32), starts))


def draw_questions(frozen: Frozen, count: int = 64, longest: int = 24) -> list[list[int]]:
    """Return random questions of all lengths, always the same ones; the first has no words."""
    random = np.random.default_rng(0)
    lengths = np.arange(count) % (longest + 1)
    return [random.integers(1, len(frozen.words), length).tolist() for length in lengths]


ONNX_FILE, INT8_FILE = "model.onnx", "model_int8.onnx"

_MOST_BYTES = 2**31 - 1
"""Limit of a protobuf message, and so of a file."""
_TOLERANCES = {False: 1e-4, True: 0.2}
"""Tolerated difference of a number from gemel's: in float32, in int8."""


@dataclass(frozen=True, kw_only=True)
class WrittenOnnx:
    """A file that was written, and its difference from gemel on random words."""

    path: Path
    bytes: int
    difference: float
    """Largest difference of a number in a vector."""
    least_cosine: float
    """Least cosine of a question's two vectors."""


def write_onnx(
    frozen: Frozen, folder: Path, *, int8: bool = False, notes: Mapping[str, str] | None = None
) -> list[WrittenOnnx]:
    """Write `model.onnx`, atomically, if its vectors are gemel's; see `make_onnx`.

    Args:
        int8: also write `model_int8.onnx`, a quarter as large and less exact.

    Raises:
        MissingExtraError: onnx or onnxruntime is not installed.
        ConfigError: the model is too large for one file.
        GemelError: ONNX Runtime gives other vectors than gemel.
    """
    require_onnx()
    _require_room(frozen)
    return [
        _write(frozen, folder / name, in_bytes, notes)
        for name, in_bytes in ((ONNX_FILE, False), (INT8_FILE, True))[: 1 + int8]
    ]


def _write(frozen: Frozen, path: Path, int8: bool, notes: Mapping[str, str] | None) -> WrittenOnnx:
    content: bytes = make_onnx(frozen, int8=int8, notes=notes).SerializeToString()
    questions = draw_questions(frozen)
    found, expected = OnnxAnswers(content)(questions), gemel_vectors(frozen, questions)
    difference = float(np.abs(found - expected).max())
    if not difference <= _TOLERANCES[int8]:  # nor may it be no number
        raise GemelError(
            f"{path.name}: ONNX Runtime's vectors differ from gemel's by {difference:.2g}, more "
            "than rounding does, so it was not written; try another version of onnxruntime"
        )
    cosines = np.einsum("nd,nd->n", found, expected)[expected.any(axis=1)]
    write_bytes(path, content)
    least = float(cosines.min(initial=1))
    return WrittenOnnx(path=path, bytes=len(content), difference=difference, least_cosine=least)


def _require_room(frozen: Frozen) -> None:
    arrays = [array for way in frozen.directions.values() for array in vars(way).values()]
    size = sum(array.nbytes for array in [frozen.table, *arrays])
    if size > _MOST_BYTES * 0.99:
        raise ConfigError(
            f"the weights, with the vectors of {len(frozen.words):,} words, take {size / 1e9:.1f} "
            "GB, but one ONNX file holds 2: export with fewer words"
        )
