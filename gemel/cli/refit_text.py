"""Figures of two decisions or models on the same pairs, as text."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemel.evaluation import Judged, Refit


def comparison_rows(fitted: "Refit", title: str, *, ranked: bool = False) -> Iterator[str]:
    """Yield the figures before and after; `ranked`: also those of the ranking."""
    width = max(18, len(title))
    yield f"{title:{width}} {'before':>9} {'now':>9}"
    before, after = (_figures(judged, ranked=ranked) for judged in (fitted.before, fitted.after))
    for name, value in after.items():
        yield f"{name:{width}} {before[name]:9.4f} {value:9.4f}"


def _figures(judged: "Judged", *, ranked: bool) -> dict[str, float]:
    confusion = judged.confusion
    figures = {
        "threshold": judged.decisions[0].threshold,
        "accuracy": confusion.accuracy,
        "precision": confusion.precision,
        "recall": confusion.recall,
        "f1": confusion.f1,
    }
    if ranked:
        from gemel.evaluation import Probabilities, Ranking

        labels, weights = judged.pairs.labels, judged.weights
        figures["average precision"] = Ranking(judged.similarity, labels).average_precision(weights)
        figures["log-loss"] = Probabilities(judged.probability, labels).log_loss(weights)
    return figures
