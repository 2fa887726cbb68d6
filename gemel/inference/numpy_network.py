"""The whole network in NumPy: texts to vectors, vectors to similarities."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32, Int64, Shaped

from gemel.compiled import find_library
from gemel.config import MOST_THREADS, VECTOR_PRECISIONS, NetworkConfig, require_whole
from gemel.errors import ConfigError
from gemel.inference.backend import Backend, MakeLSTM, choose_backend, one_compute_thread
from gemel.text import (
    Progress,
    TfIdf,
    Tokenizer,
    TokenTable,
    are_copies,
    encode_texts,
    pair_cosines,
    require_texts,
)

TextsWithVectors = tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]]
"""Questions, and the unit vector of each."""
_NGRAMS = 65_536
"""N-grams in memory at a time."""
_ALIKE = 256
"""Rows padded to one length, where padding counts; as in the notebook."""
_PAIRS = 1024
"""Pairs scored at a time, to fit in cache."""
_SPREAD = 6
"""Scale of logits: -6 to 6 covers three quarters of -1 to 1."""
_BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))


def compose(
    ngrams: Float32[np.ndarray, "buckets depth"], spelled: TokenTable
) -> Float32[np.ndarray, "words depth"]:
    """Return composed word vectors: sum of n-grams over the square root of their number."""
    library = find_library()
    if library is None:
        vectors = _sum_rows(ngrams, spelled)
    else:
        sizes = len(spelled), ngrams.shape[1]
        vectors = np.zeros(sizes, np.float32)
        library.call("gemel_sum_rows", sizes, ngrams, spelled.ids, spelled.starts, vectors)
    vectors /= np.sqrt(spelled.lengths).astype(np.float32)[:, None]
    return vectors


def _sum_rows(
    ngrams: Float32[np.ndarray, "buckets depth"], spelled: TokenTable
) -> Float32[np.ndarray, "words depth"]:
    vectors = np.empty((len(spelled), ngrams.shape[1]), np.float32)
    starts = spelled.starts
    word = 0
    while word < len(spelled):
        end = int(np.searchsorted(starts, starts[word] + _NGRAMS, side="right")) - 1
        rows = spelled.ids[starts[word] : starts[max(end, word + 1)]]
        if end > word:
            np.add.reduceat(ngrams[rows], starts[word:end] - starts[word], out=vectors[word:end])
        else:  # an endless word: by their counts, so that memory has an end
            end = word + 1
            counts = np.bincount(rows, minlength=len(ngrams)).astype(np.float32)
            vectors[word] = counts @ ngrams
        word = end
    return vectors


class NumpyEncoder:
    """Embedding, LSTM in one or both directions, pooling, normalisation; see `NetworkConfig`."""

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        make_lstm: MakeLSTM,
        *,
        masked: bool = True,
        pooling: str = "mean",
    ):
        self.masked = masked
        self.embedding = weights["embedding.weight"]
        self.ngrams = weights.get("ngrams.weight")
        ways = ["lstm", "lstm_backwards"][: 1 + ("lstm_backwards.bias" in weights)]
        self.ways = [make_lstm(weights, way, pooling == "max") for way in ways]
        self.dim = sum(way.units for way in self.ways)

    def __call__(self, table: TokenTable) -> Float32[np.ndarray, "rows dim"]:
        """Encode a table's rows to unit vectors; rows without words are zero."""
        if self.masked:
            return self._encode(table)
        vectors = np.zeros((len(table), self.dim), np.float32)
        order = np.argsort(table.lengths, kind="stable")
        for start in range(0, len(order), _ALIKE):
            rows = order[start : start + _ALIKE]
            ids = table.pad(rows)  # padding is a word
            starts = np.arange(len(ids) + 1) * ids.shape[1]
            padded = TokenTable(ids.ravel().astype(np.int32), starts, table.known, table.spellings)
            vectors[rows] = self._encode(padded)
        return vectors

    def _encode(self, table: TokenTable) -> Float32[np.ndarray, "rows dim"]:
        is_used = np.zeros(int(table.ids.max(initial=0)) + 1, bool)
        is_used[table.ids] = True
        places = np.cumsum(is_used, dtype=np.int32) - 1
        words = TokenTable(places[table.ids], table.starts)
        vectors = self._vectors(np.flatnonzero(is_used), table)
        # Pooling does not depend on the order of words.
        turned = [words, words.turned_round()] if len(self.ways) > 1 else [words]
        pooled = [way(each, vectors) for way, each in zip(self.ways, turned, strict=True)]
        together = np.concatenate(pooled, axis=1) if len(pooled) > 1 else pooled[0]
        squares = np.einsum("nd,nd->n", together, together)
        together /= np.sqrt(np.maximum(squares, 1e-24))[:, None]
        return together

    def _vectors(
        self, used: Int64[np.ndarray, "words"], table: TokenTable
    ) -> Float32[np.ndarray, "words depth"]:
        """Return the vectors of ids, looked up or composed."""
        known = int(np.searchsorted(used, len(self.embedding)))
        vectors = np.empty((len(used), self.embedding.shape[1]), np.float32)
        vectors[:known] = self.embedding[used[:known]]
        if known < len(used) and table.spellings is not None and self.ngrams is not None:
            spelled = table.spellings.gather(used[known:] - table.known)
            vectors[known:] = compose(self.ngrams, spelled)
        return vectors


class NumpyHead:
    """The pair head; symmetric bit for bit; see `PairHead`."""

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
        """Return the similarity of pairs of vectors, -1 to 1, by head and cosine; 1 for equal ones.

        For t, the mean of tanh(logit / 6) and the cosine, this is (t + t ** 3) / 2: the order of t,
        with log-odds about linear in it, as calibration needs (calibration error 0.01 instead of
        0.03 on Quora's pairs). Both together rank better than either.
        """
        scores = np.empty(len(u), np.float32)
        for start in range(0, len(u), _PAIRS):
            part = slice(start, start + _PAIRS)
            product = u[part] * v[part]
            cosine = product.sum(axis=1)
            difference = u[part] - v[part]
            inner = np.abs(difference, out=difference) @ self.distance
            inner += product @ self.product
            inner += np.multiply.outer(cosine, self.cosine)
            inner += self.hidden_bias
            np.maximum(inner, 0, out=inner)
            logits = inner @ self.last + self.last_bias
            both = (np.tanh(logits / np.float32(_SPREAD)) + cosine) / 2
            scores[part] = ((both + both**3) / 2).clip(-1, 1)
        scores[(u == v).all(axis=1)] = 1
        return scores


class SharedSpelling:
    """Mixes the TF-IDF cosine of spelling into the similarity; symmetric bit for bit."""

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
        self.spelling = SharedSpelling(weights, tokenizer) if "spelling.idf" in weights else None

    def encode(
        self,
        texts: Sequence[str],
        *,
        precision: str = "float32",
        threads: int = 1,
        progress: Progress | None = None,
    ) -> Shaped[np.ndarray, "texts dim"]:
        """Encode questions to unit vectors, in order.

        Args:
            texts: questions.
            precision: type of the vectors; see `in_precision`.
            threads: number of threads; several pay for many thousands of questions.
            progress: callback `progress(done, total)` in distinct questions.

        Raises:
            TypeError: one string instead of a list.
            DataError: an element is not a text.
            ConfigError: unknown precision, or no thread.
        """
        texts = require_texts("texts", texts)
        threads = require_whole("threads", threads, 1, MOST_THREADS)
        require_precision(precision)
        return in_precision(self._encode(texts, threads, progress), precision)

    def similarity(
        self, left: Sequence[str], right: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the similarity of each pair of questions, -1 to 1.

        That is the pair head's or the cosine, with spelling similarity mixed in if the model has
        it. It is symmetric bit for bit, and 1 for copies (see `gemel.text.copy_key`) only.

        Raises:
            ValueError: different lengths.
        """
        left, right = _require_pairs(left, right)
        vectors = np.split(self._encode([*left, *right], 1, progress), 2)
        return self.score((left, vectors[0]), (right, vectors[1]))

    def cosine(
        self, left: Sequence[str], right: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the cosine of each pair of questions; see `similarity`."""
        left, right = _require_pairs(left, right)
        return pair_cosines(*np.split(self._encode([*left, *right], 1, progress), 2))

    def score(
        self, left: TextsWithVectors, right: TextsWithVectors
    ) -> Float32[np.ndarray, "pairs"]:
        """Like `similarity` with known vectors; those of float16 give about three digits."""
        scores = self.score_different(left, right)
        scores[are_copies(left[0], right[0])] = 1
        return scores

    def score_different(
        self, left: TextsWithVectors, right: TextsWithVectors
    ) -> Float32[np.ndarray, "pairs"]:
        """Like `score` for pairs without copies; similarities are below 1."""
        (texts, vectors), (others, other_vectors) = left, right
        if not len(texts) == len(vectors) == len(others) == len(other_vectors):
            raise ValueError(
                f"{len(texts)} and {len(others)} questions, "
                f"but {len(vectors)} and {len(other_vectors)} vectors"
            )
        scores = self.score_vectors(vectors, other_vectors)
        if self.spelling is not None:
            scores = self.spelling.mix(scores, texts, others)
        below: Float32[np.ndarray, "pairs"] = np.minimum(scores, _BELOW_ONE)
        return below

    def score_vectors(
        self, left: Float32[np.ndarray, "pairs dim"], right: Float32[np.ndarray, "pairs dim"]
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the network's similarity of pairs of unit vectors, -1 to 1."""
        if self.head is None:
            return pair_cosines(left, right)
        with one_compute_thread():
            return self.head(left, right)

    def _encode(
        self, texts: Sequence[str], threads: int, progress: Progress | None
    ) -> Float32[np.ndarray, "texts dim"]:
        run, dim = self.encoder, self.encoder.dim
        with one_compute_thread():
            return encode_texts(texts, self.tokenizer, run, dim, threads=threads, progress=progress)


def _require_pairs(
    left: Sequence[str], right: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    left, right = require_texts("left", left), require_texts("right", right)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} first questions, but {len(right)} second ones")
    return left, right


def require_precision(precision: str) -> None:
    """Raise a ConfigError for an unknown precision."""
    if precision not in VECTOR_PRECISIONS:
        raise ConfigError(
            f"precision must be one of {', '.join(VECTOR_PRECISIONS)}, not {precision!r}"
        )


def in_precision(
    vectors: Float32[np.ndarray, "texts dim"], precision: str
) -> Shaped[np.ndarray, "texts dim"]:
    """Round unit vectors to one of `VECTOR_PRECISIONS`.

    "float16" keeps length and direction to about 1e-3. In "int8" the largest number of each vector
    is 127 or -127, so its length means nothing: divide by it, or compare by cosine.
    """
    if precision != "int8":
        return vectors.astype(precision, copy=False)
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-30)
    rounded: Shaped[np.ndarray, "texts dim"] = np.rint(vectors * (127 / largest))
    return rounded.astype(np.int8)
