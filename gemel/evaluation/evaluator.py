"""Reports with intervals from judged pairs."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Bool, Float, Int

from gemel.config import require_whole
from gemel.evaluation.bootstrap import Resampler
from gemel.evaluation.calibration import Probabilities
from gemel.evaluation.fit_checks import FitFinding
from gemel.evaluation.judged_pairs import Judged
from gemel.evaluation.metrics import Ranking, count_confusion, interval
from gemel.evaluation.report import BaselineResult, Figure, Mistake, Report
from gemel.text import Progress

_WORST = 20
"""Mistakes of either kind in a report."""

Weights = Float[np.ndarray, "pairs"]
Scores = Float[np.ndarray, "pairs"]
_OWN = ""
"""Name of the model itself."""


def evaluate(
    judged: Judged,
    *,
    baselines: Mapping[str, Scores] | None = None,
    findings: tuple[FitFinding, ...] = (),
    rounds: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure the result of `judge` or `judge_by_halves`.

    Args:
        judged: pairs of both labels with verdicts.
        baselines: scores of baselines, by name.
        findings: findings of `check_labels`.
        rounds: bootstrap resamples.
        seed: seed of the resamples.
        progress: callback `progress(done, total)` in resamples.

    Raises:
        ValueError: less than one resample.
    """
    rounds = require_whole("rounds", rounds, 1, 1_000_000)
    pairs = judged.pairs
    rivals = {name: Ranking(scores, pairs.labels) for name, scores in (baselines or {}).items()}
    measure = _measure(judged, rivals)
    values = measure(judged.weights)
    resampler = Resampler(judged.graph, seed)
    drawn: dict[tuple[str, str], list[float]] = {name: [] for name in values}
    for done in range(1, rounds + 1):
        for key, value in measure(judged.weigh(resampler.draw())).items():
            drawn[key].append(value)
        if progress is not None:
            progress("resampling", done, rounds)
    measured = {key: (value, np.array(drawn[key])) for key, value in values.items()}
    return Report(
        data=str(pairs.path or "pairs"),
        pairs=len(pairs),
        prevalence=pairs.prevalence,
        weighed_as=judged.prevalence,
        thresholds=tuple(decision.threshold for decision in judged.decisions),
        protocol=judged.protocol,
        fitted_prevalence=float(np.mean([each.prevalence for each in judged.decisions])),
        rounds=rounds,
        confusion=count_confusion(judged.verdicts, pairs.labels),
        figures={
            name: _figure(*found) for (whose, name), found in measured.items() if whose == _OWN
        },
        answers=judged.shares,
        false_positives=_worst(judged, judged.verdicts & ~pairs.labels, highest=True),
        false_negatives=_worst(judged, ~judged.verdicts & pairs.labels, highest=False),
        baselines=tuple(_baseline(rival, measured) for rival in rivals),
        findings=findings,
    )


def _measure(
    judged: Judged, rivals: Mapping[str, Ranking]
) -> Callable[[Weights], dict[tuple[str, str], float]]:
    """Return a function from weights to all figures."""
    labels, verdicts = judged.pairs.labels, judged.verdicts
    rankings = {_OWN: Ranking(judged.similarity, labels), **rivals}
    probabilities = Probabilities(judged.probability, labels)

    def measure(weights: Weights) -> dict[tuple[str, str], float]:
        confusion = count_confusion(verdicts, labels, weights)
        values = {
            (_OWN, "accuracy"): confusion.accuracy,
            (_OWN, "precision"): confusion.precision,
            (_OWN, "recall"): confusion.recall,
            (_OWN, "f1"): confusion.f1,
            (_OWN, "mcc"): confusion.mcc,
        }
        for name, ranking in rankings.items():
            values[name, "average_precision"] = ranking.average_precision(weights)
            values[name, "roc_auc"] = ranking.roc_auc(weights)
        values[_OWN, "log_loss"] = probabilities.log_loss(weights)
        values[_OWN, "brier"] = probabilities.brier(weights)
        values[_OWN, "ece"] = probabilities.ece(weights)
        return values

    return measure


def _figure(value: float, drawn: Float[np.ndarray, "rounds"]) -> Figure:
    low, high = interval(drawn)
    return Figure(value=value, low=low, high=high)


def _baseline(
    rival: str, measured: Mapping[tuple[str, str], tuple[float, Float[np.ndarray, "rounds"]]]
) -> BaselineResult:
    figures, gains = {}, {}
    for (whose, name), (value, drawn) in measured.items():
        if whose == rival:
            own, own_drawn = measured[_OWN, name]
            figures[name] = _figure(value, drawn)
            gains[name] = _figure(own - value, own_drawn - drawn)
    return BaselineResult(name=rival, figures=figures, gains=gains)


def _worst(
    judged: Judged, wrong: Bool[np.ndarray, "pairs"], *, highest: bool
) -> tuple[Mistake, ...]:
    rows: Int[np.ndarray, "wrong"] = np.flatnonzero(wrong)
    scores = judged.similarity[rows]
    order = rows[np.argsort(-scores if highest else scores, kind="stable")][:_WORST]
    pairs = judged.pairs
    return tuple(
        Mistake(
            line=int(pairs.lines[row]),
            left=pairs.texts[pairs.left[row]],
            right=pairs.texts[pairs.right[row]],
            similarity=float(judged.similarity[row]),
            probability=float(judged.probability[row]),
        )
        for row in order.tolist()
    )
