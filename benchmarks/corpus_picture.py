"""The picture of how long duplicate groups take."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemel.plots.canvas import BLUE, GREY, new_figure, style_axes

__all__ = ["draw_corpus"]


def draw_corpus(points: Sequence[Mapping[str, Any]]) -> Any:
    """Draw seconds and megabytes over the questions; dashed: in proportion.

    Args:
        points: of each number of `questions` gemel's `seconds` and `resident_mb`.
    """
    figure = new_figure(8.0, 3.2)
    thousands = [point["questions"] / 1000 for point in points]
    titles = {"seconds": "from text to groups", "resident_mb": "memory at most"}
    for place, (measure, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        values = [point["gemel"][measure] for point in points]
        unit = "MB" if measure == "resident_mb" else measure
        style_axes(place, title, "", "questions, in thousands", unit)
        place.plot(thousands, values, color=BLUE, marker="o", lw=1.4)
        if measure == "seconds":
            straight = [values[0] * each / thousands[0] for each in thousands]
            place.plot(thousands, straight, color=GREY, linestyle="--", lw=1.2)
        place.set_ylim(bottom=0)
    return figure
