"""What figures mean, in plain words."""

from collections.abc import Iterator

from gemel.evaluation.report import Beside, Figure, Report

__all__ = ["MEANINGS", "in_plain_words"]

MEANINGS = {
    "accuracy": "share of right verdicts",
    "precision": "of those called the same, the share that is",
    "recall": "of those that are the same, the share that was found",
    "f1": "precision and recall in one, their harmonic mean",
    "mcc": "correlation of verdicts and labels: 0 is chance, 1 is perfect",
    "average_precision": "precision over all thresholds; guessing gives the share of duplicates",
    "roc_auc": "chance that a duplicate scores above another pair; guessing gives 0.5",
    "log_loss": "what wrong probabilities cost; 0 is perfect",
    "brier": "mean squared error of the probabilities; 0 is perfect",
    "ece": "by how much probabilities miss the share they promise",
}
"""One line about each figure of a report."""

_FAR = 0.05
"""From this distance on, the share of duplicates is another one than the model was fitted for."""


def in_plain_words(report: Report) -> Iterator[str]:
    """Yield sentences for somebody who has never heard of any of the figures."""
    figures = report.figures
    called = report.confusion.true_positives + report.confusion.false_positives
    if called:
        yield (
            f"Of 100 pairs it calls the same, {_of_100(figures['precision'])} are. Of 100 that are "
            f"the same, it finds {_of_100(figures['recall'])}."
        )
    else:
        yield "It calls no pair the same: none reaches the threshold."
    common = max(report.weighed_as, 1 - report.weighed_as)
    always = "the same" if report.weighed_as > 0.5 else "not the same"
    yield (
        f"{figures['accuracy'].value:.1%} of its verdicts are right; to answer always “{always}” "
        f"would be right in {common:.1%}."
    )
    for other in report.beside:
        yield _beside(other)
    asked = report.answers[1].pairs
    if asked:
        sure = report.pairs - asked
        right = (
            report.answers[2].duplicates + report.answers[0].pairs - report.answers[0].duplicates
        )
        rest = f"of the other answers, {right / sure:.1%} are right" if sure else "that is all"
        yield f"It would ask a person about {asked / report.pairs:.1%} of the pairs; {rest}."
    if abs(report.fitted_prevalence - report.weighed_as) > _FAR:
        yield (
            f"Threshold and probabilities were fitted where {report.fitted_prevalence:.1%} of the "
            f"pairs ask the same; here {report.weighed_as:.1%} do. “gemel fit” fits them anew."
        )


def _of_100(figure: Figure) -> str:
    return f"{100 * figure.value:.0f} ({100 * figure.low:.0f} to {100 * figure.high:.0f})"


def _beside(other: Beside) -> str:
    own, gain = other.figures["average_precision"], other.gains["average_precision"]
    if gain.low > 0:
        verdict = "better, and more than chance would explain"
    elif gain.high < 0:
        verdict = "worse, and more than chance would explain"
    else:
        verdict = "which may be chance on so few pairs"
    return (
        f"In ranking pairs it reaches an average precision of {own.value + gain.value:.3f}, "
        f"{other.name} {own.value:.3f}: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}), "
        f"{verdict}."
    )
