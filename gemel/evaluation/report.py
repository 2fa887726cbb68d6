"""The report of an evaluation, and its summary in words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gemel.config import require_whole
from gemel.evaluation.fit_checks import FEW_PAIRS, FitFinding
from gemel.evaluation.judged_pairs import Judged, Share
from gemel.evaluation.metrics import (
    Confusion,
    Probabilities,
    Ranking,
    Resampler,
    count_confusion,
    interval,
)
from gemel.evaluation.robustness import ProbeSet, Robustness
from gemel.notebook import shown
from gemel.text import Progress


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure with its 95% CI from resampled components (see `Resampler`); decisions are fixed."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A pair with a wrong verdict."""

    line: int
    """Line in its file."""
    left: str
    right: str
    similarity: float
    probability: float


@dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """A baseline on the same pairs."""

    name: str
    figures: dict[str, Figure]
    """Average precision and ROC AUC."""
    gains: dict[str, Figure]
    """Gain of the model over it, on the same resamples."""


@shown(
    lambda it: (
        {"data": it.data, "pairs": it.pairs}
        | {name: figure.value for name, figure in it.figures.items()}
    )
)
@dataclass(frozen=True, kw_only=True)
class Report:
    """Result of an evaluation."""

    data: str
    """File or name of the pairs."""
    pairs: int
    prevalence: float
    """Share of duplicates."""
    weighed_as: float
    """Share of duplicates that pairs are weighted to."""
    thresholds: tuple[float, ...]
    """The stored threshold, or those of the two halves."""
    protocol: str
    """Origin of the threshold."""
    fitted_prevalence: float
    """Share of duplicates of the fit."""
    rounds: int
    """Bootstrap resamples."""
    confusion: Confusion
    """Verdicts against labels, in pairs."""
    figures: dict[str, Figure]
    """Of verdicts: accuracy, precision, recall, f1, mcc; of similarities: average_precision,
    roc_auc; of probabilities: log_loss, brier, ece."""
    answers: tuple[Share, ...]
    """Answers, from "not the same" to "the same"."""
    false_positives: tuple[Mistake, ...]
    """Worst false positives, most similar first."""
    false_negatives: tuple[Mistake, ...]
    """Worst false negatives, least similar first."""
    baselines: tuple[BaselineResult, ...]
    findings: tuple[FitFinding, ...] = ()
    """Labels that look inverted, or that similarity does not separate."""
    robustness: Robustness | None = None
    """Verdicts on perturbed questions, if measured."""


MEANINGS = {
    "accuracy": "share of right verdicts",
    "precision": "of those called the same, the share that is",
    "recall": "of those that are the same, the share found",
    "f1": "harmonic mean of precision and recall",
    "mcc": "correlation of verdicts and labels; chance: 0",
    "average_precision": "precision over all thresholds; chance: prevalence",
    "roc_auc": "how often a duplicate scores higher; chance: 0.5",
    "log_loss": "what wrong probabilities cost; perfect: 0",
    "brier": "mean squared error of probabilities; perfect: 0",
    "ece": "by how much probabilities miss the shares they promise",
}
"""Description of each figure."""

_FAR = 0.05
"""Difference of shares of duplicates that is reported."""
_WORST = 20
"""Mistakes of either kind in a report."""
_OWN = ""
"""Name of the model itself, among those of the baselines."""

_Array = Float[np.ndarray, "_"]


def evaluate(
    judged: Judged,
    *,
    baselines: Mapping[str, Float[np.ndarray, "pairs"]] | None = None,
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
    pairs, baselines = judged.pairs, baselines or {}
    measure = _measure(judged, baselines)
    values = measure(judged.weights)
    resampler = Resampler(judged.graph, seed)
    sampled: dict[tuple[str, str], list[float]] = {key: [] for key in values}
    for done in range(1, rounds + 1):
        for key, value in measure(judged.weigh(resampler.draw())).items():
            sampled[key].append(value)
        if progress is not None:
            progress("resampling", done, rounds)
    measured = {key: (value, np.array(sampled[key])) for key, value in values.items()}
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
            name: _figure(*found) for (owner, name), found in measured.items() if owner == _OWN
        },
        answers=judged.shares,
        false_positives=_worst(judged, judged.verdicts & ~pairs.labels, -judged.similarity),
        false_negatives=_worst(judged, ~judged.verdicts & pairs.labels, judged.similarity),
        baselines=tuple(_compare(name, measured) for name in baselines),
        findings=findings,
    )


def _measure(
    judged: Judged, baselines: Mapping[str, Float[np.ndarray, "pairs"]]
) -> Callable[[_Array], dict[tuple[str, str], float]]:
    """Return a function from weights to all figures, by baseline and name."""
    labels, verdicts = judged.pairs.labels, judged.verdicts
    scores = {_OWN: judged.similarity, **baselines}
    rankings = {name: Ranking(each, labels) for name, each in scores.items()}
    probabilities = Probabilities(judged.probability, labels)

    def measure(weights: _Array) -> dict[tuple[str, str], float]:
        confusion = count_confusion(verdicts, labels, weights)
        values = {
            (_OWN, name): getattr(confusion, name)
            for name in ("accuracy", "precision", "recall", "f1", "mcc")
        }
        for owner, ranking in rankings.items():
            values[owner, "average_precision"] = ranking.average_precision(weights)
            values[owner, "roc_auc"] = ranking.roc_auc(weights)
        values[_OWN, "log_loss"] = probabilities.log_loss(weights)
        values[_OWN, "brier"] = probabilities.brier(weights)
        values[_OWN, "ece"] = probabilities.ece(weights)
        return values

    return measure


def _figure(value: float, sampled: Float[np.ndarray, "rounds"]) -> Figure:
    low, high = interval(sampled)
    return Figure(value=value, low=low, high=high)


def _compare(
    baseline: str, measured: Mapping[tuple[str, str], tuple[float, _Array]]
) -> BaselineResult:
    figures, gains = {}, {}
    for (owner, name), (value, sampled) in measured.items():
        if owner == baseline:
            own, own_sampled = measured[_OWN, name]
            figures[name] = _figure(value, sampled)
            gains[name] = _figure(own - value, own_sampled - sampled)
    return BaselineResult(name=baseline, figures=figures, gains=gains)


def _worst(
    judged: Judged, wrong: Bool[np.ndarray, "pairs"], order: Float[np.ndarray, "pairs"]
) -> tuple[Mistake, ...]:
    rows = np.flatnonzero(wrong)
    rows = rows[np.argsort(order[rows], kind="stable")][:_WORST]
    pairs = judged.pairs
    return tuple(
        Mistake(
            line=int(pairs.lines[row]),
            left=pairs.texts[pairs.left[row]],
            right=pairs.texts[pairs.right[row]],
            similarity=float(judged.similarity[row]),
            probability=float(judged.probability[row]),
        )
        for row in rows.tolist()
    )


def in_plain_words(report: Report) -> Iterator[str]:
    """Yield a summary in words."""
    figures = report.figures
    no, unsure, yes = report.answers
    if unsure.pairs:
        sure = no.share + yes.share
        right = no.share * (1 - no.prevalence) + yes.share * yes.prevalence
        rest = f"of its other answers, {right / sure:.1%} are right" if sure else "that is all"
        yield f"It would ask a person about {unsure.share:.1%} of the pairs; {rest}."
        yield "The figures are for where no one can be asked, and the threshold gives yes or no."
    confusion = report.confusion
    called = confusion.true_positives + confusion.false_positives
    same = confusion.true_positives + confusion.false_negatives
    if called:
        yield (
            f"Of 100 pairs it calls the same, {_of_100(figures['precision'])} are. Of 100 that are "
            f"the same, it finds {_of_100(figures['recall'])}."
        )
        if min(called, same) < FEW_PAIRS:
            yield (
                f"These two numbers rest on {called:,.0f} and {same:,.0f} of the pairs; where that "
                f"is fewer than {FEW_PAIRS}, do not trust even the interval."
            )
    else:
        yield "It calls no pair the same: none reaches the threshold."
    common = max(report.weighed_as, 1 - report.weighed_as)
    always = "the same" if report.weighed_as > 0.5 else "not the same"
    accuracy = figures["accuracy"].value
    lazy = ", which is no worse" if accuracy <= common else ""
    yield (
        f"{accuracy:.1%} of its verdicts are right; to answer always “{always}” would be right in "
        f"{common:.1%}{lazy}."
    )
    yield from map(_baseline, report.baselines)
    if abs(report.fitted_prevalence - report.weighed_as) > _FAR:
        yield (
            f"Threshold and probabilities were fitted where {report.fitted_prevalence:.1%} of the "
            f"pairs ask the same; here {report.weighed_as:.1%} do. “gemel fit” fits them anew."
        )


def probes_in_plain_words(probes: tuple[ProbeSet, ...]) -> Iterator[str]:
    """Yield a sentence for each set of hand-written pairs."""
    for found in probes:
        apart = ", ".join(f"{kind.name} {kind.told_apart:.0%}" for kind in found.kinds)
        together = ", ".join(f"{kind.name} {kind.kept_together:.0%}" for kind in found.kinds)
        yield (
            f"Of {found.different} hand-written pairs in which {found.description} makes it "
            f"another question, it tells {found.told_apart:.0%} apart ({apart}); of {found.same} "
            f"that ask the same in other words, it keeps {found.kept_together:.0%} together "
            f"({together})."
        )


def _of_100(figure: Figure) -> str:
    return f"{100 * figure.value:.0f} ({100 * figure.low:.0f} to {100 * figure.high:.0f})"


def _baseline(other: BaselineResult) -> str:
    own, gain = other.figures["average_precision"], other.gains["average_precision"]
    verdict = "which may be chance"
    if gain.low > 0 or gain.high < 0:
        verdict = f"{'better' if gain.low > 0 else 'worse'}, and more than chance would explain"
    return (
        f"In ranking pairs it reaches an average precision of {own.value + gain.value:.3f}, "
        f"{other.name} {own.value:.3f}: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}), "
        f"{verdict}."
    )
