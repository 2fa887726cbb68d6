"""The whole network in NumPy: texts to vectors, vectors to similarities."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32

from gemel.config import NetworkConfig
from gemel.inference.backend import Backend, choose_backend
from gemel.inference.head import NumpyHead
from gemel.inference.numpy_network import NumpyEncoder
from gemel.inference.spelling import SharedSpelling
from gemel.inference.threads import one_compute_thread
from gemel.text import Progress, Tokenizer, are_copies, encode_texts, pair_cosines

_BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))


class NumpyTwin:
    """An encoder and, where the model has them, its pair head and what it knows of spelling.

    Args:
        weights: arrays named as in the model folder.
        tokenizer: turns questions into ids.
        network: the twin's shape.
        backend: what computes; if None, what `choose_backend` takes for this network.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        tokenizer: Tokenizer,
        network: NetworkConfig,
        backend: Backend | None = None,
    ):
        self.tokenizer = tokenizer
        self.backend = backend or choose_backend(network=network)
        self.encoder = NumpyEncoder(
            weights,
            self.backend.make_lstm,
            masked=network.masked,
            pooling=network.pooling,
        )
        self.head = NumpyHead(weights) if network.head else None
        self.spelling = None
        if "spelling.idf" in weights:
            self.spelling = SharedSpelling(weights, tokenizer)

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

    def similarity(
        self, left: Sequence[str], right: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "pairs"]:
        """Return how alike each pair of questions is, -1 to 1, by all that the model has.

        It is 1 for copies (see `copy_key`) and for them alone.
        """
        vectors = np.split(self.encode([*left, *right], progress=progress), 2)
        scores = self.score_different((left, vectors[0]), (right, vectors[1]))
        scores[are_copies(left, right)] = 1
        return scores

    def score_different(
        self,
        left: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
        right: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
    ) -> Float32[np.ndarray, "pairs"]:
        """Return how alike pairs of questions with these unit vectors are; below 1.

        Args:
            left: the first questions, and their vectors.
            right: the second ones, and theirs; no copies of the first.
        """
        scores = self.score(left[1], right[1])
        if self.spelling is not None:
            scores = self.spelling.mix(scores, left[0], right[0])
        below: Float32[np.ndarray, "pairs"] = np.minimum(scores, _BELOW_ONE)
        return below

    def score(
        self, left: Float32[np.ndarray, "pairs dim"], right: Float32[np.ndarray, "pairs dim"]
    ) -> Float32[np.ndarray, "pairs"]:
        """Say how alike the network finds pairs of unit vectors, -1 to 1."""
        if self.head is None:
            return pair_cosines(left, right)
        with one_compute_thread():
            return self.head(left, right)
