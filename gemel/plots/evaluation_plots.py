"""Plots of an evaluation, one figure each."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from gemel.evaluation import Judged, Probabilities, Ranking
from gemel.plots.canvas import BLUE, GREY, INK, ORANGE, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 6.4, 4.8
_MOST_BARS = 60
_CURVE = "one point per threshold"
_POINTS = 2000
"""Most points of a curve."""

Baselines = Mapping[str, Float[np.ndarray, "pairs"]]


def draw_precision_recall(judged: Judged, baselines: Baselines) -> "Figure":
    """Draw precision over recall of a model and of baselines, by name."""
    figure, axes = _plot("Precision-recall curve", _CURVE, "recall", "precision")
    axes.axhline(judged.prevalence, color=GREY, lw=1, ls=(0, (4, 3)))
    _label(axes, 0.99, judged.prevalence, "chance", GREY, above=False)
    for name, positives, negatives, colour in _counted(judged, baselines):
        recall, precision = positives / positives[-1], positives / (positives + negatives)
        axes.plot(*_thinned(recall, precision), color=colour, lw=1.8, label=name)
    confusion = judged.confusion
    if confusion.true_positives:
        _mark(axes, confusion.recall, confusion.precision, "threshold")
    return _finished(figure, axes)


def draw_roc(judged: Judged, baselines: Baselines) -> "Figure":
    """Draw the ROC curve; see `draw_precision_recall`."""
    figure, axes = _plot("ROC curve", _CURVE, "false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=(0, (4, 3)))
    _label(axes, 0.62, 0.6, "chance", GREY, above=False)
    for name, positives, negatives, colour in _counted(judged, baselines):
        found = np.append(0.0, positives / positives[-1])
        alarms = np.append(0.0, negatives / negatives[-1])
        axes.plot(*_thinned(alarms, found), color=colour, lw=1.8, label=name)
    confusion = judged.confusion
    alarms_here = confusion.false_positives / (confusion.false_positives + confusion.true_negatives)
    _mark(axes, alarms_here, confusion.recall, "threshold")
    return _finished(figure, axes)


def draw_similarities(judged: Judged) -> "Figure":
    """Draw the similarity distributions of duplicates and other pairs, with the thresholds."""
    figure, axes = _plot(
        "Similarity distribution", "less overlap is better", "similarity", "% of pairs"
    )
    low, high = float(judged.similarity.min()), float(judged.similarity.max())
    # Rice's rule.
    bars = min(_MOST_BARS, math.ceil(2 * len(judged.pairs) ** (1 / 3)))
    edges = np.linspace(low, high + 1e-9, bars + 1)
    tops = []
    kinds: list[tuple[str, Bool[np.ndarray, "pairs"], str]] = [
        ("other pairs", ~judged.pairs.labels, ORANGE),
        ("duplicates", judged.pairs.labels, BLUE),
    ]
    for name, rows, colour in kinds:
        counts, _ = np.histogram(judged.similarity[rows], edges, weights=judged.weights[rows])
        shares = counts / judged.weights.sum() * 100
        axes.stairs(shares, edges, fill=True, alpha=0.3, color=colour)
        axes.stairs(shares, edges, lw=1.6, color=colour, label=name)
        tops.append(shares.max())
    axes.set_ylim(0, 1.3 * max(tops))
    for decision in judged.decisions:
        if decision.lower < decision.upper:
            axes.axvspan(decision.lower, decision.upper, color=GREY, alpha=0.12, lw=0)
            middle = (decision.lower + decision.upper) / 2
            if decision is judged.decisions[0]:
                axes.text(middle, 1.1 * max(tops), "uncertain", ha="center", fontsize=9, color=GREY)
        axes.axvline(decision.threshold, color=INK, lw=1.4, ls=(0, (4, 3)))
    first = judged.decisions[0].threshold
    left = first > (low + high) / 2
    axes.annotate(
        f"threshold {first:.3f}",
        (first, 1.24 * max(tops)),
        xytext=(-6 if left else 6, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=9,
        color=INK,
    )
    axes.legend(frameon=False, fontsize=9.5, labelcolor="linecolor", loc="best")
    return figure


def draw_reliability(judged: Judged) -> "Figure":
    """Draw observed shares of duplicates over predicted probabilities, and the number of pairs."""
    figure = new_figure(_WIDTH, _HEIGHT)
    upper, lower = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1], "hspace": 0.02}
    )
    axes: Any = upper
    probabilities = Probabilities(judged.probability, judged.pairs.labels)
    bins = probabilities.bins(judged.weights)
    error = probabilities.ece(judged.weights)
    style_axes(
        axes,
        "Calibration",
        f"expected calibration error {error:.1%}",
        "",
        "observed share of duplicates",
    )
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=(0, (4, 3)))
    filled = [each for each in bins if each.weight]
    promised, found = [each.promised for each in filled], [each.found for each in filled]
    axes.plot(promised, found, color=BLUE, lw=1.2, marker="o", markersize=6)
    _label(axes, 0.04, 0.93, "above the line: probabilities too low", GREY)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    counts: Any = lower
    style_axes(counts, "", "", "predicted probability", "% of pairs")
    total = judged.weights.sum()
    counts.bar(
        [each.low + 0.05 for each in bins],
        [100 * each.weight / total for each in bins],
        width=0.09,
        color=BLUE,
        alpha=0.5,
    )
    counts.locator_params(axis="y", nbins=3)
    return figure


def _plot(*labels: str) -> "tuple[Figure, Any]":
    """Return a figure with title, subtitle and labels of x and y."""
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.subplots()
    style_axes(axes, *labels)
    return figure, axes


def _counted(judged: Judged, baselines: Baselines) -> Iterator[tuple[str, Any, Any, str]]:
    """Yield name, positives and negatives above each score, and colour of every scorer."""
    scorers = {**baselines, "this model": judged.similarity}
    for name, scores in scorers.items():
        positives, negatives = Ranking(scores, judged.pairs.labels).counts(judged.weights)
        yield name, positives, negatives, ORANGE if name in baselines else BLUE


def _thinned(
    x: Float[np.ndarray, "points"], y: Float[np.ndarray, "points"]
) -> tuple[Float[np.ndarray, "_"], Float[np.ndarray, "_"]]:
    if len(x) <= _POINTS:
        return x, y
    rows = np.unique(np.linspace(0, len(x) - 1, _POINTS).astype(int))
    return x[rows], y[rows]


def _mark(axes: Any, x: float, y: float, what: str) -> None:
    """Draw a labelled dot."""
    axes.plot([x], [y], marker="o", markersize=8, color=INK, zorder=5)
    axes.annotate(
        f"{what}:\n{x:.2f}, {y:.2f}",
        (x, y),
        xytext=(-10 if x > 0.5 else 10, -10),
        textcoords="offset points",
        ha="right" if x > 0.5 else "left",
        va="top",
        fontsize=9,
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
    )


def _label(axes: Any, x: float, y: float, text: str, colour: str, *, above: bool = True) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(0, 4 if above else -4),
        textcoords="offset points",
        ha="right" if x > 0.9 else "left",
        va="bottom" if above else "top",
        fontsize=9,
        color=colour,
    )


def _finished(figure: "Figure", axes: Any) -> "Figure":
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=9.5, labelcolor="linecolor", loc="lower center")
    return figure
