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
from gemel.inference.network import NumpyEncoder
from gemel.inference.threads import one_compute_thread
from gemel.text import Progress, Tokenizer, encode_in_batches, pair_cosines

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

        The two may change sides: not a bit of it changes. That of a question with itself, as
        cleaning leaves it, is 1.

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
        plain = Tokenizer(
            tokenizer.vocabulary,
            lowercase=tokenizer.lowercase,
            ngram_buckets=tokenizer.ngram_buckets,
        )
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
