"""ONNX files of a model: written, and asked in ONNX Runtime before they are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gemel.errors import ConfigError, GemelError
from gemel.exchange.frozen_model import Frozen
from gemel.exchange.onnx_answers import OnnxAnswers, draw_questions, gemel_vectors
from gemel.exchange.onnx_graph import make_onnx, require_onnx
from gemel.files import write_bytes

ONNX_FILE, INT8_FILE = "model.onnx", "model_int8.onnx"
"""What the files are called."""

_WHOLE = 2**31 - 1
"""Bytes that one file can have: ONNX is written as a protobuf message."""
_NEAR = {False: 1e-4, True: 0.2}
"""By how much a number of a file's vectors may differ from gemel's: of float32, of int8."""


@dataclass(frozen=True, kw_only=True)
class WrittenOnnx:
    """A file that was written, and how near it is to gemel's own numbers on drawn words."""

    path: Path
    """The file."""
    bytes: int
    """Its size."""
    difference: float
    """The most by which a number of a vector differs."""
    least_cosine: float
    """The least cosine of a question's vector with gemel's."""


def write_onnx(
    frozen: Frozen, folder: Path, *, int8: bool = False, notes: Mapping[str, str] | None = None
) -> list[WrittenOnnx]:
    """Write `model.onnx`, each file whole or not at all, and only if it gives gemel's vectors.

    Args:
        frozen: the model.
        folder: where; it must exist.
        int8: whether to write `model_int8.onnx` too, a quarter as large, whose vectors are near.
        notes: texts that the files carry along (`metadata_props`), as the threshold.

    Returns:
        What was written.

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
