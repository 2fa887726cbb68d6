"""The report of an evaluation, and its summary in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from gemel.evaluation.fit_checks import FEW_PAIRS, FitFinding
from gemel.evaluation.judged_pairs import Share
from gemel.evaluation.metrics import Confusion
from gemel.evaluation.probes import ProbeSet
from gemel.evaluation.robustness import Robustness
from gemel.notebook import shown


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
    """Number of pairs."""
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
    """Baselines on the same pairs."""
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


def in_plain_words(report: Report) -> Iterator[str]:
    """Yield a summary in words."""
    figures = report.figures
    no, asked, yes = report.answers
    if asked.pairs:
        sure = no.share + yes.share
        right = no.share * (1 - no.prevalence) + yes.share * yes.prevalence
        rest = f"of its other answers, {right / sure:.1%} are right" if sure else "that is all"
        yield f"It would ask a person about {asked.share:.1%} of the pairs; {rest}."
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
    for other in report.baselines:
        yield _baseline(other)
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
    if gain.low > 0:
        verdict = "better, and more than chance would explain"
    elif gain.high < 0:
        verdict = "worse, and more than chance would explain"
    else:
        verdict = "which may be chance"
    return (
        f"In ranking pairs it reaches an average precision of {own.value + gain.value:.3f}, "
        f"{other.name} {own.value:.3f}: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}), "
        f"{verdict}."
    )
