"""The whole network in NumPy: texts to vectors, vectors to similarities."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32

from gemel.config import NetworkConfig
from gemel.inference.backend import Backend, choose_backend
from gemel.inference.numpy_network import NumpyEncoder
from gemel.inference.threads import one_compute_thread
from gemel.text import Progress, TfIdf, Tokenizer, are_copies, encode_texts, pair_cosines

_PAIRS = 1024
"""Pairs scored at a time, to fit in cache."""
_SPREAD = 6
"""Scale of logits: -6 to 6 covers three quarters of -1 to 1."""


class NumpyHead:
    """The pair head in NumPy; symmetric bit for bit; see `PairHead`.

    Args:
        weights: arrays named as in the model folder.
    """

    def __init__(self, weights: Mapping[str, np.ndarray]):
        hidden = weights["head.hidden.weight"].T
        dim = len(hidden) // 2
        self.distance = hidden[:dim] * np.float32(dim**0.5)
        self.product = hidden[dim : 2 * dim] * np.float32(dim)
        self.cosine = hidden[2 * dim]
        self.hidden_bias = weights["head.hidden.bias"]
        self.last = weights["head.last.weight"][0]
        self.last_bias = weights["head.last.bias"][0]

    def __call__(
        self, u: Float32[np.ndarray, "pairs dim"], v: Float32[np.ndarray, "pairs dim"]
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the similarity of pairs of vectors, -1 to 1, by head and cosine.

        For t, the mean of tanh(logit / 6) and the cosine, this is (t + t ** 3) / 2: the order of t,
        with log-odds about linear in it, as calibration needs (calibration error 0.01 instead of
        0.03 on Quora's pairs). Both together rank better than either. Equal vectors have similarity
        1.
        """
        scores = np.empty(len(u), np.float32)
        for start in range(0, len(u), _PAIRS):
            part = slice(start, start + _PAIRS)
            product = u[part] * v[part]
            cosine = product.sum(axis=1)
            logits = self._logits(u[part] - v[part], product, cosine)
            both = (np.tanh(logits / np.float32(_SPREAD)) + cosine) / 2
            scores[part] = ((both + both**3) / 2).clip(-1, 1)
        scores[(u == v).all(axis=1)] = 1
        return scores

    def _logits(
        self,
        difference: Float32[np.ndarray, "pairs dim"],
        product: Float32[np.ndarray, "pairs dim"],
        cosine: Float32[np.ndarray, "pairs"],
    ) -> Float32[np.ndarray, "pairs"]:
        inner = np.abs(difference, out=difference) @ self.distance
        inner += product @ self.product
        inner += np.multiply.outer(cosine, self.cosine)
        inner += self.hidden_bias
        np.maximum(inner, 0, out=inner)
        logits: Float32[np.ndarray, "pairs"] = inner @ self.last + self.last_bias
        return logits


class SharedSpelling:
    """Mixes the TF-IDF cosine of spelling into the similarity; symmetric bit for bit.

    Args:
        weights: arrays named as in the model folder.
        tokenizer: normalises questions.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], tokenizer: Tokenizer):
        self.share = np.float32(weights["spelling.share"][0])
        self.alike = TfIdf(weights["spelling.idf"], tokenizer.clean)

    def mix(
        self, similarity: Float32[np.ndarray, "pairs"], left: Sequence[str], right: Sequence[str]
    ) -> Float32[np.ndarray, "pairs"]:
        """Return (1 - share) * similarity + share * TF-IDF cosine; 1 for equal questions."""
        if not self.share:
            return similarity
        alike = self.alike(left, right).astype(np.float32)
        mixed: Float32[np.ndarray, "pairs"] = similarity + self.share * (alike - similarity)
        return mixed


_BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))


class NumpyTwin:
    """An encoder, with the pair head and spelling similarity of the model, if any.

    Args:
        weights: arrays named as in the model folder.
        tokenizer: tokenizer.
        network: shape of the network.
        backend: backend; that of `choose_backend` if None.
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
            weights, self.backend.make_lstm, masked=network.masked, pooling=network.pooling
        )
        self.head = NumpyHead(weights) if network.head else None
        self.spelling = None
        if "spelling.idf" in weights:
            self.spelling = SharedSpelling(weights, tokenizer)

    def encode(
        self, texts: Sequence[str], *, threads: int = 1, progress: Progress | None = None
    ) -> Float32[np.ndarray, "texts dim"]:
        """Encode questions to unit vectors, in order."""
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
        """Return the similarity of each pair of questions, -1 to 1; 1 for copies only."""
        vectors = np.split(self.encode([*left, *right], progress=progress), 2)
        scores = self.score_different((left, vectors[0]), (right, vectors[1]))
        scores[are_copies(left, right)] = 1
        return scores

    def score_different(
        self,
        left: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
        right: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the similarity of pairs with known vectors; below 1.

        Args:
            left: first questions and their vectors.
            right: second questions and theirs, no copies of the first.
        """
        scores = self.score(left[1], right[1])
        if self.spelling is not None:
            scores = self.spelling.mix(scores, left[0], right[0])
        below: Float32[np.ndarray, "pairs"] = np.minimum(scores, _BELOW_ONE)
        return below

    def score(
        self, left: Float32[np.ndarray, "pairs dim"], right: Float32[np.ndarray, "pairs dim"]
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the network's similarity of pairs of unit vectors, -1 to 1."""
        if self.head is None:
            return pair_cosines(left, right)
        with one_compute_thread():
            return self.head(left, right)
