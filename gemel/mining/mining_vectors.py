"""The vectors of the questions that hard negatives are mined from: each is encoded once."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float16, Int, Int64

from gemel.inference import Engine
from gemel.mining.mining_questions import MiningQuestions
from gemel.neighbours.base import Neighbours
from gemel.neighbours.choice import choose_neighbours
from gemel.text import Progress

_LOT = 1 << 14
"""Questions that are encoded at one time."""


@dataclass(frozen=True, eq=False)
class MiningVectors:
    """Vectors by the questions' numbers; those of candidates can be searched, and lie once."""

    neighbours: Neighbours
    """The candidates."""
    others: Float16[np.ndarray, "others dim"]
    """The questions after them."""
    why: str = "given"
    """What spoke for these neighbours."""

    def take(self, numbers: Int[np.ndarray, "some"]) -> Float16[np.ndarray, "some dim"]:
        """Give the vectors of some questions."""
        candidates = len(self.neighbours)
        near = numbers < candidates
        vectors = np.empty((len(numbers), self.neighbours.dim), np.float16)
        vectors[near] = self.neighbours.vectors(numbers[near].astype(np.int64))
        vectors[~near] = self.others[numbers[~near] - candidates]
        return vectors


def encode_questions(
    engine: Engine,
    questions: MiningQuestions,
    *,
    neighbours: str = "auto",
    threads: int = 1,
    progress: Progress | None = None,
) -> MiningVectors:
    """Encode questions, a lot at a time, and keep their vectors.

    Args:
        engine: encodes.
        questions: which.
        neighbours: what finds the nearest; see `choose_neighbours`.
        threads: how many compute.
        progress: is told how many questions are done.

    Raises:
        ConfigError, MissingExtraError: see `choose_neighbours`.
    """
    choice = choose_neighbours(questions.candidates, neighbours)
    dim, total = engine.model.config.network.dim, len(questions.texts)
    found = choice.make(dim)
    others = np.empty((total - questions.candidates, dim), np.float16)
    for start, end in _lots(questions.candidates, total):
        texts = questions.texts[start:end]
        vectors = engine.encode(texts, precision="float16", threads=threads)
        if start < questions.candidates:
            keys: Int64[np.ndarray, "lot"] = np.arange(start, end)
            found.put(keys, vectors)
        else:
            others[start - questions.candidates : end - questions.candidates] = vectors
        if progress is not None:
            progress("encoding questions", end, total)
    return MiningVectors(found, others, choice.why)


def _lots(candidates: int, total: int) -> list[tuple[int, int]]:
    """Cut the questions into lots, none of which has candidates and others."""
    parts = ((0, candidates), (candidates, total))
    return [
        (start, min(start + _LOT, end)) for first, end in parts for start in range(first, end, _LOT)
    ]
