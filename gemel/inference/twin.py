"""The whole network in NumPy: texts to vectors, vectors to similarities."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32

from gemel.config import NetworkConfig
from gemel.inference.backend import Backend, choose_backend
from gemel.inference.head import NumpyHead
from gemel.inference.network import NumpyEncoder
from gemel.inference.threads import one_compute_thread
from gemel.text import Progress, Tokenizer, encode_texts, pair_cosines

__all__ = ["NumpyTwin"]


class NumpyTwin:
    """An encoder and, where the network has one, its pair head.

    Args:
        weights: arrays named as in the model folder.
        tokenizer: turns questions into ids.
        network: the twin's shape.
        backend: what computes; the quickest here if None.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        tokenizer: Tokenizer,
        network: NetworkConfig,
        backend: Backend | None = None,
    ):
        self.tokenizer = tokenizer
        self.backend = backend or choose_backend()
        self.encoder = NumpyEncoder(
            weights,
            masked=network.masked,
            pooling=network.pooling,
            kernel=self.backend.kernel,
        )
        self.head = NumpyHead(weights) if network.head else None

    def encode(
        self, texts: Sequence[str], *, threads: int = 1, progress: Progress | None = None
    ) -> Float32[np.ndarray, "texts dim"]:
        """Turn questions into unit vectors, in order, with so many threads."""
        with one_compute_thread():
            return encode_texts(
                texts,
                self.tokenizer,
                self.encoder,
                self.encoder.dim,
                threads=threads,
                progress=progress,
            )

    def score(self, vectors: Float32[np.ndarray, "questions dim"]) -> Float32[np.ndarray, "pairs"]:
        """Say how alike the pairs are whose questions were encoded together, -1 to 1.

        Args:
            vectors: unit vectors of all first questions, below them those of all second ones.
        """
        if self.head is None:
            return pair_cosines(vectors)
        with one_compute_thread():
            return self.head(*np.split(vectors, 2))
