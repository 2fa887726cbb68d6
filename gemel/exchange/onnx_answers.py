"""What an ONNX file answers in ONNX Runtime, and how far that is from gemel's own numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from gemel.errors import MissingExtraError
from gemel.exchange.frozen_model import Frozen, Reading
from gemel.exchange.onnx_graph import IDS, MASK
from gemel.inference.numpy_lstm import NumpyLSTM
from gemel.inference.numpy_network import NumpyEncoder
from gemel.text import TokenTable


class OnnxAnswers:
    """An exported model in ONNX Runtime, on the processor.

    Args:
        model: the content of the file.
        threads: how many compute.

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
        """The texts that the file carries along."""
        held: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return held

    def __call__(self, questions: Sequence[Sequence[int]]) -> Float32[np.ndarray, "questions dim"]:
        """Give the vectors of questions.

        Args:
            questions: the rows of each one's words in `Frozen.words`.
        """
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
    """Give the vectors that gemel's own engine makes of the same."""
    ways = {"lstm": frozen.forwards, "lstm_backwards": frozen.backwards}
    weights = {"embedding.weight": frozen.table}
    for name, way in ways.items():
        if way is not None:
            weights |= _named(name, way)
    encoder = NumpyEncoder(
        weights,
        lambda held, name, highest: NumpyLSTM(held, name, highest=highest),
        pooling=frozen.pooling,
    )
    ids = [word for question in questions for word in question]
    starts = np.cumsum([0, *map(len, questions)])
    return encoder(TokenTable(np.array(ids, np.int32), starts))


def draw_questions(frozen: Frozen, count: int = 64, longest: int = 24) -> list[list[int]]:
    """Draw rows of words of all lengths, with the same seed each time; the first has no word."""
    random = np.random.default_rng(0)
    lengths = np.arange(count) % (longest + 1)
    return [random.integers(1, len(frozen.words), length).tolist() for length in lengths]


def _named(name: str, way: Reading) -> dict[str, np.ndarray]:
    return {f"{name}.{part}": array for part, array in vars(way).items()}
