"""ONNX files of a model: written, and compared with gemel in ONNX Runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from gemel.errors import ConfigError, GemelError, MissingExtraError
from gemel.exchange.frozen_model import Frozen, LstmDirection
from gemel.exchange.onnx_graph import IDS, MASK, make_onnx, require_onnx
from gemel.files import write_bytes
from gemel.inference.lstm_backends import NumpyLSTM
from gemel.inference.numpy_network import NumpyEncoder
from gemel.text import TokenTable


class OnnxAnswers:
    """An exported model in ONNX Runtime on the CPU; `model` is the content of the file.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """

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
        held: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return held

    def __call__(self, questions: Sequence[Sequence[int]]) -> Float32[np.ndarray, "questions dim"]:
        """Return the vectors of questions, given as rows of `Frozen.words`."""
        longest = max(map(len, questions), default=0)
        ids = np.zeros((len(questions), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, words in enumerate(questions):
            ids[row, : len(words)] = words
            mask[row, : len(words)] = 1
        inputs: dict[str, Any] = {IDS: ids, MASK: mask}
        vectors: Float32[np.ndarray, "questions dim"]
        (vectors,) = self._session.run(None, inputs)
        return vectors


def gemel_vectors(
    frozen: Frozen, questions: Sequence[Sequence[int]]
) -> Float32[np.ndarray, "questions dim"]:
    """Return the vectors of gemel's own engine."""
    ways = {"lstm": frozen.forwards, "lstm_backwards": frozen.backwards}
    weights = {"embedding.weight": frozen.table}
    for name, way in ways.items():
        if way is not None:
            weights |= _named(name, way)
    encoder = NumpyEncoder(weights, NumpyLSTM, pooling=frozen.pooling)
    ids = [word for question in questions for word in question]
    starts = np.cumsum([0, *map(len, questions)])
    return encoder(TokenTable(np.array(ids, np.int32), starts))


def draw_questions(frozen: Frozen, count: int = 64, longest: int = 24) -> list[list[int]]:
    """Return random questions of all lengths, always the same ones; the first has no words."""
    random = np.random.default_rng(0)
    lengths = np.arange(count) % (longest + 1)
    return [random.integers(1, len(frozen.words), length).tolist() for length in lengths]


def _named(name: str, way: LstmDirection) -> dict[str, np.ndarray]:
    return {f"{name}.{part}": array for part, array in vars(way).items()}


ONNX_FILE, INT8_FILE = "model.onnx", "model_int8.onnx"

_WHOLE = 2**31 - 1
"""Limit of a protobuf message, and so of a file, in bytes."""
_NEAR = {False: 1e-4, True: 0.2}
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
    """Write `model.onnx`, atomically, if its vectors are gemel's.

    Args:
        int8: also write `model_int8.onnx`, a quarter as large and less exact.
        notes: metadata of the files (`metadata_props`).

    Raises:
        MissingExtraError: onnx or onnxruntime is not installed.
        ConfigError: the model is too large for one file.
        GemelError: ONNX Runtime gives other vectors than gemel.
        OSError: it cannot be written.
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
    if not difference <= _NEAR[int8]:  # nor may it be no number
        raise GemelError(
            f"{path.name}: ONNX Runtime's vectors differ from gemel's by {difference:.2g}, more "
            "than rounding does, so it was not written; try another version of onnxruntime"
        )
    cosines = np.einsum("nd,nd->n", found, expected)[expected.any(axis=1)]
    write_bytes(path, content)
    return WrittenOnnx(
        path=path,
        bytes=len(content),
        difference=difference,
        least_cosine=float(cosines.min(initial=1)),
    )


def _require_room(frozen: Frozen) -> None:
    ways = [way for way in (frozen.forwards, frozen.backwards) if way is not None]
    arrays = [frozen.table, *(array for way in ways for array in vars(way).values())]
    size = sum(array.nbytes for array in arrays)
    if size > _WHOLE * 0.99:
        raise ConfigError(
            f"the weights, with the vectors of {len(frozen.words):,} words, take {size / 1e9:.1f} "
            "GB, but one ONNX file holds 2: export with fewer words"
        )
