"""Predict mode: questions in, vectors, similarities and verdicts out."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from gemel.decision import Verdict
from gemel.errors import DataError
from gemel.folder import Model, load_model
from gemel.inference.explaining import Explanation, explain_verdict
from gemel.inference.twin import NumpyTwin
from gemel.text import Progress, Tokenizer, pair_cosines

__all__ = ["Engine"]


class Engine:
    """A model that answers; needs no torch.

    Args:
        model: what a model folder holds.
    """

    def __init__(self, model: Model):
        self.model = model
        self._twin = NumpyTwin(model.weights, model.tokenizer, model.config.network)

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
        return self._twin.encode(texts, progress=progress)

    def similarity(
        self, left: Sequence[str], right: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "pairs"]:
        """Say how alike each pair of questions is, -1 to 1: by the pair head, or by the cosine.

        The two may change sides: not a bit of it changes. That of a question with itself, as
        cleaning leaves it, is 1.

        Raises:
            ValueError: the two sides have different lengths.
        """
        return self._twin.score(self._encode_pairs(left, right, progress))

    def cosine(
        self, left: Sequence[str], right: Sequence[str], *, progress: Progress | None = None
    ) -> Float32[np.ndarray, "pairs"]:
        """Give the cosine of each pair of questions, whether there is a pair head or not.

        Raises:
            ValueError: the two sides have different lengths.
        """
        return pair_cosines(self._encode_pairs(left, right, progress))

    def _encode_pairs(
        self, left: Sequence[str], right: Sequence[str], progress: Progress | None
    ) -> Float32[np.ndarray, "questions dim"]:
        if len(left) != len(right):
            raise ValueError(f"{len(left)} first questions, but {len(right)} second ones")
        return self.encode([*left, *right], progress=progress)

    def predict_all(self, left: Sequence[str], right: Sequence[str]) -> list[Verdict]:
        """Judge each pair of questions."""
        return self.model.decision.verdicts(self.similarity(left, right))

    def predict(self, left: str, right: str) -> Verdict:
        """Judge one pair of questions."""
        return self.predict_all([left], [right])[0]

    def explain(self, left: str, right: str) -> Explanation:
        """Judge one pair of questions, and say what each of their words did for the similarity.

        Raises:
            DataError: a question has no word or mark, or more than 200.
        """
        problem = self.find_blank(left, right)
        if problem:
            raise DataError(problem)
        tokenizer = self.model.tokenizer
        # What is left of a question is clean; to repair it once more could change other words.
        rules = dataclasses.replace(tokenizer.rules, repair=False)
        plain = Tokenizer(tokenizer.vocabulary, rules)
        score = Engine(dataclasses.replace(self.model, tokenizer=plain)).similarity
        return explain_verdict(
            self.predict(left, right),
            tokenizer.words(left),
            tokenizer.words(right),
            plain.vocabulary,
            score,
        )

    def find_blank(self, left: str, right: str) -> str:
        """Say which of two questions has nothing in it to judge; an empty text if both have."""
        for which, text in (("first", left), ("second", right)):
            if not self.model.tokenizer.clean(text):
                found = f"has no word or mark, only {text!r:.40}" if text else "is empty"
                return f"the {which} question {found}; expected one word at least"
        return ""
