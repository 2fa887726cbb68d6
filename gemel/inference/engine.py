"""The engine: questions to vectors, similarities and verdicts."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped

from gemel.config import MOST_THREADS, require_whole
from gemel.decision import Verdict
from gemel.errors import DataError
from gemel.folder import Model, load_model
from gemel.inference.backend import choose_backend
from gemel.inference.explanation import Explanation, explain_verdict
from gemel.inference.numpy_twin import NumpyTwin
from gemel.inference.vector_precision import in_precision, require_precision
from gemel.notebook import shown
from gemel.text import (
    Progress,
    Tokenizer,
    are_copies,
    pair_cosines,
    require_each_text,
    require_text,
    require_texts,
)


@shown(
    lambda it: {
        "model": it.model.fingerprint[:12],
        "dim": it.model.config.network.dim,
        "words": len(it.model.tokenizer.vocabulary),
        "backend": it.backend.name,
    }
)
class Engine:
    """A model for prediction, without torch; thread-safe.

    Args:
        model: a loaded model.
        backend: one of `gemel.config.BACKENDS`; "auto" never uses reduced precision for a model
            with `network.masked = false`, such as imported Trax models. `.backend` has the choice.

    Raises:
        ConfigError: unknown, or not available on this machine.
    """

    def __init__(self, model: Model, *, backend: str = "auto"):
        self.model = model
        self._asked = backend
        self.backend = choose_backend(backend, model.config.network)
        self._twin = NumpyTwin(model.weights, model.tokenizer, model.config.network, self.backend)

    def __reduce__(self) -> tuple[Callable[[Model, str], "Engine"], tuple[Model, str]]:
        # What reads fast is made anew, by the processor that the copy is on.
        return _reopen, (self.model, self._asked)

    @classmethod
    def load(cls, path: str | Path, *, backend: str = "auto") -> "Engine":
        """Load a model folder.

        Raises:
            FolderError: see `gemel.folder.load_model`.
            ConfigError: see `Engine`.
        """
        return cls(load_model(path), backend=backend)

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
        vectors = self._twin.encode(texts, threads=threads, progress=progress)
        return in_precision(vectors, precision)

    def encode_each(
        self, texts: Iterable[str], *, precision: str = "float32", threads: int = 1, lot: int = 8192
    ) -> Iterator[Shaped[np.ndarray, "lot dim"]]:
        """Encode a stream of questions to batches of unit vectors, in constant memory.

        Args:
            texts: questions, read a batch at a time.
            precision, threads: see `encode`.
            lot: batch size; the last batch may be smaller.

        Raises:
            TypeError: one string instead of questions.
            ConfigError: unknown precision, no thread, or an empty batch.
        """
        if isinstance(texts, str) or not isinstance(texts, Iterable):
            texts = require_texts("texts", texts)
        lot = require_whole("lot", lot, 1, 2**31 - 1)
        require_precision(precision)
        source = require_each_text("texts", texts)
        lots = iter(lambda: list(itertools.islice(source, lot)), [])
        return (self.encode(each, precision=precision, threads=threads) for each in lots)

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
        return self._twin.similarity(left, right, progress=progress)

    def cosine(
        self, left: Sequence[str], right: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the cosine of each pair of questions.

        Raises:
            ValueError: different lengths.
        """
        left, right = _require_pairs(left, right)
        return pair_cosines(*np.split(self._twin.encode([*left, *right], progress=progress), 2))

    def score(
        self,
        left: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
        right: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
    ) -> Float32[np.ndarray, "pairs"]:
        """Return the similarity of pairs with known vectors; see `similarity`.

        Vectors stored as float16 give about three digits.

        Args:
            left: first questions and their unit vectors.
            right: second questions and theirs.

        Raises:
            ValueError: different lengths.
        """
        scores = self.score_different(left, right)
        scores[are_copies(left[0], right[0])] = 1
        return scores

    def score_different(
        self,
        left: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
        right: tuple[Sequence[str], Float32[np.ndarray, "pairs dim"]],
    ) -> Float32[np.ndarray, "pairs"]:
        """Like `score` for pairs without copies; similarities are below 1.

        Raises:
            ValueError: different lengths.
        """
        (texts, vectors), (others, other_vectors) = left, right
        if not len(texts) == len(vectors) == len(others) == len(other_vectors):
            raise ValueError(
                f"{len(texts)} and {len(others)} questions, "
                f"but {len(vectors)} and {len(other_vectors)} vectors"
            )
        return self._twin.score_different(left, right)

    def predict_all(self, left: Sequence[str], right: Sequence[str]) -> list[Verdict]:
        """Return the verdict on each pair of questions."""
        return self.model.decision.verdicts(self.similarity(left, right))

    def predict(self, left: str, right: str) -> Verdict:
        """Return the verdict on one pair of questions."""
        left, right = require_text("left", left), require_text("right", right)
        return self.predict_all([left], [right])[0]

    def explain(self, left: str, right: str) -> Explanation:
        """Return the verdict on one pair, and the effect of each word.

        Raises:
            DataError: a question has no word or mark, or more than 200.
        """
        left, right = require_text("left", left), require_text("right", right)
        problem = self.find_blank(left, right)
        if problem:
            raise DataError(problem)
        tokenizer = self.model.tokenizer
        # What is left of a question is clean; to repair it once more could change other words.
        rules = dataclasses.replace(tokenizer.rules, repair=False)
        plain = Tokenizer(tokenizer.vocabulary, rules)
        reread = dataclasses.replace(self.model, tokenizer=plain)
        score = Engine(reread, backend=self.backend.name).similarity
        return explain_verdict(
            self.predict(left, right),
            tokenizer.words(left),
            tokenizer.words(right),
            plain.vocabulary,
            score,
        )

    @property
    def reads_letters(self) -> bool:
        """Whether spelling similarity is part of the model."""
        return self._twin.spelling is not None

    def is_blank(self, text: str) -> bool:
        """Return whether a question has no word or mark."""
        return not self.model.tokenizer.clean(text)

    def find_blank(self, left: str, right: str) -> str:
        """Describe which of two questions has no word or mark; empty if both have."""
        for which, text in (("first", left), ("second", right)):
            problem = self.say_blank(text, f"the {which} question")
            if problem:
                return problem
        return ""

    def say_blank(self, text: str, name: str) -> str:
        """Describe that a question has no word or mark; empty if it has."""
        if not self.is_blank(text):
            return ""
        found = f"has no word or mark, only {text!r:.40}" if text else "is empty"
        return f"{name} {found}; expected one word at least"


def _require_pairs(
    left: Sequence[str], right: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    left, right = require_texts("left", left), require_texts("right", right)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} first questions, but {len(right)} second ones")
    return left, right


def _reopen(model: Model, backend: str) -> Engine:
    return Engine(model, backend=backend)
