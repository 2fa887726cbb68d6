"""Plot of a training: loss per batch, validation score per epoch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gemel.plots.canvas import BLUE, ORANGE, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_training(record: Mapping[str, Any]) -> "Figure":
    """Draw training loss and validation score from the training record of a model folder."""
    figure = new_figure(11.0, 4.2)
    left, right = figure.subplots(1, 2)
    every, losses = record["loss_every"], record["losses"]
    style_axes(
        left,
        "Training loss",
        "mean of every batch" if every == 1 else f"mean of every {every:,} batches",
        "batch",
        "loss",
    )
    left.plot([every * (point + 1) for point in range(len(losses))], losses, color=BLUE, lw=1.2)
    left.set_ylim(bottom=0)
    left.set_xlim(left=0)

    epochs = record["epochs"]
    best = record["kept_epoch"]
    numbers = [epoch["epoch"] for epoch in epochs]
    scores = [epoch["validation_average_precision"] for epoch in epochs]
    style_axes(
        right,
        "Validation",
        f"best: {scores[best - 1]:.3f} after epoch {best}",
        "epoch",
        "average precision",
    )
    right.plot(numbers, scores, color=BLUE, marker="o", markersize=5, lw=1.2)
    right.plot([best], [scores[best - 1]], color=ORANGE, marker="o", markersize=9)
    right.set_xlim(0.5, len(numbers) + 0.5)
    right.xaxis.get_major_locator().set_params(integer=True)
    return figure
