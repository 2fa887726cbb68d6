"""Labelled pairs and a way to score them, to a report with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gemel.data import PairGraph, Pairs, hold_out
from gemel.decision import Decision
from gemel.evaluation.fitting import fit_threshold
from gemel.evaluation.metrics import Confusion, Ranking, count_confusion, interval
from gemel.text import Progress

__all__ = ["Figure", "Report", "Score", "evaluate", "evaluate_by_halves"]

Score = Callable[[Sequence[str], Sequence[str]], Any]
"""Takes first and second questions, gives the similarity of each pair as a float array."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured number with the central 95 % of its bootstrap.

    Pairs are drawn one by one and the threshold stays: where many pairs share a question, the true
    interval is wider.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a model did on labelled pairs."""

    data: str
    """The file, or what else the pairs are called."""
    pairs: int
    """Number of pairs."""
    prevalence: float
    """Share of duplicates."""
    thresholds: tuple[float, ...]
    """The stored threshold, or the two of the halves."""
    protocol: str
    """How the threshold came about."""
    confusion: Confusion
    """Verdicts against labels."""
    figures: dict[str, Figure]
    """Accuracy, precision, recall and F1 of the verdicts; average precision and ROC AUC of the
    similarities, whatever the threshold."""


def evaluate(
    pairs: Pairs,
    score: Score,
    decision: Decision,
    *,
    rounds: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure the verdicts of a stored decision.

    Args:
        pairs: labelled pairs; others than the decision was fitted on, or it will flatter itself.
        score: gives similarities.
        decision: holds the threshold.
        rounds: bootstrap resamples.
        seed: of the resamples.
        progress: is told how many resamples are drawn.

    Raises:
        DataError: one label only.
    """
    pairs.require_both_labels()
    scores = score(pairs.left_texts, pairs.right_texts)
    return _report(
        pairs,
        scores,
        decision.is_duplicate(scores),
        thresholds=(decision.threshold,),
        protocol=f"threshold stored in the model, best for {decision.objective}",
        rounds=rounds,
        seed=seed,
        progress=progress,
    )


def evaluate_by_halves(
    pairs: Pairs,
    score: Score,
    *,
    objective: str = "accuracy",
    rounds: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure with a threshold for these pairs' own mix, and none fitted on what it is scored on.

    The pairs are halved by connected component of their graph; each half is judged by the
    threshold that is best on the other half; the verdicts are pooled.

    Raises:
        DataError: the pairs, or a half of them, have one label only.
    """
    pairs.require_both_labels()
    scores = score(pairs.left_texts, pairs.right_texts)
    second = hold_out(PairGraph.of(pairs), 0.5, seed).parts == 0
    verdicts = np.zeros(len(pairs), bool)
    thresholds = []
    for half in (second, ~second):
        pairs.select(~half).require_both_labels(
            "pairs of one half", "; evaluate more pairs, or without halves"
        )
        threshold = fit_threshold(scores[~half], pairs.labels[~half], objective)
        verdicts[half] = scores[half] >= threshold
        thresholds.append(threshold)
    return _report(
        pairs,
        scores,
        verdicts,
        thresholds=tuple(thresholds),
        protocol=f"each half by the threshold best for {objective} on the other",
        rounds=rounds,
        seed=seed,
        progress=progress,
    )


def _report(
    pairs: Pairs,
    scores: Float[np.ndarray, "pairs"],
    verdicts: Bool[np.ndarray, "pairs"],
    *,
    thresholds: tuple[float, ...],
    protocol: str,
    rounds: int,
    seed: int,
    progress: Progress | None,
) -> Report:
    confusion = count_confusion(verdicts, pairs.labels)
    ranking = Ranking(scores, pairs.labels)
    values = _figures(confusion, ranking, None)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    random = np.random.default_rng(seed)
    for drawn_rounds in range(1, rounds + 1):
        rows = random.integers(len(pairs), size=len(pairs))
        weights = np.bincount(rows, minlength=len(pairs))
        again = _figures(count_confusion(verdicts, pairs.labels, weights), ranking, weights)
        for name, value in again.items():
            drawn[name].append(value)
        if progress is not None:
            progress("resampling", drawn_rounds, rounds)
    figures = {}
    for name, value in values.items():
        low, high = interval(drawn[name])
        figures[name] = Figure(value=value, low=low, high=high)
    return Report(
        data=str(pairs.path or "pairs"),
        pairs=len(pairs),
        prevalence=pairs.prevalence,
        thresholds=thresholds,
        protocol=protocol,
        confusion=confusion,
        figures=figures,
    )


def _figures(confusion: Confusion, ranking: Ranking, weights: Any) -> dict[str, float]:
    return {
        "accuracy": confusion.accuracy,
        "precision": confusion.precision,
        "recall": confusion.recall,
        "f1": confusion.f1,
        "average_precision": ranking.average_precision(weights),
        "roc_auc": ranking.roc_auc(weights),
    }
