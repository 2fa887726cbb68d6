"""Figures on the same resamples, so that their differences have honest intervals.

Resamples are of connected components, and depend on graph and seed only: what is measured on the
same pairs is paired.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemel.config import DecisionConfig
from gemel.data import PairGraph, Pairs
from gemel.evaluation import Figure, Probabilities, Ranking, count_confusion, judge_by_halves
from gemel.evaluation.metrics import Resampler, interval

__all__ = ["HALVES", "Measure", "Sampled", "by_halves", "mean_of", "resample"]

Measure = Callable[[NDArray[np.float64]], dict[str, float]]
"""Takes what each pair counts, gives figures by name."""

HALVES = ("accuracy", "f1", "f1_fitted", "f1_possible", "average_precision", "ece")
"""What `by_halves` measures. `f1` goes by the threshold best for accuracy on the other half,
`f1_fitted` by the one best for F1 there, `f1_possible` by the best in hindsight for all pairs."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """A figure, and what it was on each resample."""

    value: float
    drawn: NDArray[np.float64]

    def __sub__(self, other: "Sampled") -> "Sampled":
        """Give by how much it is higher than another on the same resamples."""
        return Sampled(self.value - other.value, self.drawn - other.drawn)

    @property
    def figure(self) -> Figure:
        """The figure with its 95 % interval."""
        low, high = interval(self.drawn)
        return Figure(value=self.value, low=low, high=high)


def mean_of(figures: Sequence[Sampled]) -> Sampled:
    """Give the mean of a figure over several models, resample by resample."""
    return Sampled(
        float(np.mean([figure.value for figure in figures])),
        np.mean([figure.drawn for figure in figures], axis=0),
    )


def resample(
    graph: PairGraph, measure: Measure, *, rounds: int = 1000, seed: int = 0
) -> dict[str, Sampled]:
    """Measure on the pairs as they are, and on resamples of their components."""
    values = measure(np.ones(len(graph.left)))
    resampler = Resampler(graph, seed)
    drawn = [measure(resampler.draw()) for _ in range(rounds)]
    return {
        name: Sampled(value, np.array([each[name] for each in drawn]))
        for name, value in values.items()
    }


def by_halves(pairs: Pairs, scores: Any) -> tuple[PairGraph, Measure]:
    """Prepare to measure scores of pairs; each half is judged by what is best on the other.

    Args:
        pairs: labelled pairs.
        scores: of each pair; higher is more alike.

    Returns:
        The pairs' graph, and a function from weights to the figures `HALVES`.
    """
    labels = pairs.labels
    judged = judge_by_halves(pairs, lambda *_: scores)
    for_f1 = judge_by_halves(pairs, lambda *_: scores, DecisionConfig(objective="f1"))
    ranking = Ranking(scores, labels)
    probabilities = Probabilities(judged.probability, labels)

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        confusion = count_confusion(judged.verdicts, labels, weights)
        positives, negatives = ranking.counts(weights)
        possible = 2 * positives / (positives[-1] + positives + negatives)
        return {
            "accuracy": confusion.accuracy,
            "f1": confusion.f1,
            "f1_fitted": count_confusion(for_f1.verdicts, labels, weights).f1,
            "f1_possible": float(possible.max()),
            "average_precision": ranking.average_precision(weights),
            "ece": probabilities.ece(weights),
        }

    return judged.graph, measure
