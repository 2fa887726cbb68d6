"""The scores of the pairs of a group."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
from jaxtyping import Int64, Shaped

_MADE = 1024
"""Scores that are made at one time."""


class PairScore(NamedTuple):
    """Two questions and how alike they are; see `ScoredPairs`."""

    left: str
    """An id; of copies that of the first one."""
    right: str
    cosine: float
    similarity: float
    probability: float


class PairScores(Sequence[PairScore]):
    """Scores that are made as they are asked for: a group of thousands has millions of them.

    Args:
        ids: of all questions.
        left, right: rows of `ids`.
        scores: cosine, similarity and probability of each pair.
    """

    def __init__(
        self,
        ids: Sequence[str],
        left: Int64[np.ndarray, "pairs"],
        right: Int64[np.ndarray, "pairs"],
        *scores: Shaped[np.ndarray, "pairs"],
    ):
        self._ids, self._left, self._right, self._scores = ids, left, right, scores

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self._left)

    @overload
    def __getitem__(self, place: int) -> PairScore: ...

    @overload
    def __getitem__(self, place: slice) -> list[PairScore]: ...

    def __getitem__(self, place: Any) -> Any:
        """Return the score at a place, or a list of those in a range."""
        if not isinstance(place, slice):
            return self[place : place + 1 or None][0]
        names = (
            [self._ids[row] for row in side[place].tolist()] for side in (self._left, self._right)
        )
        numbers = (score[place].tolist() for score in self._scores)
        return list(map(PairScore, *names, *numbers))

    def __iter__(self) -> Iterator[PairScore]:
        """Return the scores in order."""
        for start in range(0, len(self), _MADE):
            yield from self[start : start + _MADE]
