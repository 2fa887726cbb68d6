"""The engine: a model's vectors, similarities, verdicts and their explanation."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from gemel.config import require_whole
from gemel.decision import Verdict
from gemel.errors import DataError
from gemel.folder import Model, load_model
from gemel.inference.backend import choose_backend
from gemel.inference.numpy_network import NumpyTwin, require_precision
from gemel.notebook import shown
from gemel.text import Tokenizer, Vocabulary, require_each_text, require_text, require_texts

_MOST_WORDS = 200
"""Maximum words; a question is encoded once for each."""


@dataclass(frozen=True, kw_only=True)
class WordShare:
    """A word or mark, and its effect."""

    word: str
    """The normalised word."""
    share: float
    """Decrease of similarity without this word; negative: increase. A question without words has
    similarity 0."""
    is_known: bool
    """Whether it is in the vocabulary; otherwise it is composed."""


@shown(
    lambda it: {"answer": it.verdict.answer, "probability": it.verdict.probability},
    lambda it: ((word.word, word.share) for word in (*it.left, *it.right)),
)
@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A verdict, with the words of both questions in order."""

    verdict: Verdict
    left: tuple[WordShare, ...]
    right: tuple[WordShare, ...]


def explain_verdict(
    verdict: Verdict,
    left: list[str],
    right: list[str],
    vocabulary: Vocabulary,
    score: Callable[[Sequence[str], Sequence[str]], Any],
) -> Explanation:
    """Explain a verdict: leave out every word of two questions once.

    Args:
        verdict: verdict on the two.
        left, right: words of the questions.
        vocabulary: known words.
        score: similarity of pairs; called once.

    Raises:
        DataError: more than 200 words and marks.
    """
    for which, words in (("first", left), ("second", right)):
        if len(words) > _MOST_WORDS:
            raise DataError(
                f"the {which} question has {len(words):,} words and marks; up to {_MOST_WORDS} "
                "can be explained, since each is left out once"
            )
    shorter = [
        " ".join(words[:place] + words[place + 1 :])
        for words in (left, right)
        for place in range(len(words))
    ]
    other = [" ".join(right)] * len(left) + [" ".join(left)] * len(right)
    shares = tuple(
        WordShare(
            word=word,
            share=verdict.similarity - (float(alike) if rest else 0.0),
            is_known=word in vocabulary,
        )
        for word, rest, alike in zip(left + right, shorter, score(shorter, other), strict=True)
    )
    return Explanation(verdict=verdict, left=shares[: len(left)], right=shares[len(left) :])


@shown(
    lambda it: {
        "model": it.model.fingerprint[:12],
        "dim": it.model.config.network.dim,
        "words": len(it.model.tokenizer.vocabulary),
        "backend": it.backend.name,
    }
)
class Engine(NumpyTwin):
    """A model for prediction, without torch; thread-safe.

    Args:
        model: a loaded model.
        backend: one of `gemel.config.BACKENDS`; "auto" never uses reduced precision for a model
            with `network.masked = false`, such as imported Trax models. `.backend` has the choice.

    Raises:
        ConfigError: unknown, or not available on this machine.
    """

    def __init__(self, model: Model, *, backend: str = "auto"):
        self.model, self._requested = model, backend
        network = model.config.network
        super().__init__(model.weights, model.tokenizer, network, choose_backend(backend, network))

    def __reduce__(self) -> tuple[Callable[[Model], "Engine"], tuple[Model]]:
        # A copy chooses its backend by the processor that it is on.
        return functools.partial(Engine, backend=self._requested), (self.model,)

    @classmethod
    def load(cls, path: str | Path, *, backend: str = "auto") -> "Engine":
        """Load a model folder.

        Raises:
            FolderError: see `gemel.folder.load_model`.
            ConfigError: see `Engine`.
        """
        return cls(load_model(path), backend=backend)

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
        batches = iter(lambda: list(itertools.islice(source, lot)), [])
        return (self.encode(each, precision=precision, threads=threads) for each in batches)

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
        if problem := self.find_blank(left, right):
            raise DataError(problem)
        # What is left of a question is clean; to repair it once more could change other words.
        rules = dataclasses.replace(self.tokenizer.rules, repair=False)
        plain = Tokenizer(self.tokenizer.vocabulary, rules)
        model = dataclasses.replace(self.model, tokenizer=plain)
        return explain_verdict(
            self.predict(left, right),
            self.tokenizer.words(left),
            self.tokenizer.words(right),
            plain.vocabulary,
            Engine(model, backend=self.backend.name).similarity,
        )

    @property
    def reads_letters(self) -> bool:
        """Whether spelling similarity is part of the model."""
        return self.spelling is not None

    def is_blank(self, text: str) -> bool:
        """Return whether a question has no word or mark."""
        return not self.tokenizer.clean(text)

    def find_blank(self, left: str, right: str) -> str:
        """Describe which of two questions has no word or mark; empty if both have."""
        return self.say_blank(left, "the first question") or self.say_blank(
            right, "the second question"
        )

    def say_blank(self, text: str, name: str) -> str:
        """Describe that a question has no word or mark; empty if it has."""
        if not self.is_blank(text):
            return ""
        found = f"has no word or mark, only {text!r:.40}" if text else "is empty"
        return f"{name} {found}; expected one word at least"
