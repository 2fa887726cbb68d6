"""Predict mode: questions in, vectors, similarities and verdicts out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from gemel.decision import Verdict
from gemel.folder import Model, load_model
from gemel.inference.network import NumpyEncoder
from gemel.inference.threads import one_compute_thread
from gemel.text import Progress, encode_in_batches, pair_cosines

__all__ = ["Engine"]


class Engine:
    """A model that answers; needs no torch.

    Args:
        model: what a model folder holds.
    """

    def __init__(self, model: Model):
        self.model = model
        self._encoder = NumpyEncoder(model.weights, masked=model.config.network.masked)

    @classmethod
    def load(cls, path: str | Path) -> "Engine":
        """Open a model folder.

        Raises:
            FolderError: see `gemel.folder.load_model`.
        """
        return cls(load_model(path))

    def encode(
        self, texts: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "texts dim"]:
        """Turn questions into unit vectors, in order.

        Raises:
            TypeError: one string instead of a list of them.
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a list of questions, not one string")
        encoder = self._encoder
        with one_compute_thread():
            return encode_in_batches(
                texts, self.model.tokenizer, encoder, encoder.dim, progress=progress
            )

    def similarity(
        self, left: Sequence[str], right: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "pairs"]:
        """Give the cosine of each pair of questions, -1 to 1.

        Raises:
            ValueError: the two sides have different lengths.
        """
        if len(left) != len(right):
            raise ValueError(f"{len(left)} first questions, but {len(right)} second ones")
        return pair_cosines(self.encode([*left, *right], progress=progress))

    def predict_all(self, left: Sequence[str], right: Sequence[str]) -> list[Verdict]:
        """Judge each pair of questions."""
        return self.model.decision.verdicts(self.similarity(left, right))

    def predict(self, left: str, right: str) -> Verdict:
        """Judge one pair of questions."""
        return self.predict_all([left], [right])[0]
