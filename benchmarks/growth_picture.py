"""The picture of how cost grows."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemel.plots.canvas import BLUE, GREY, new_figure, style_axes

__all__ = ["draw_growth"]


def draw_growth(points: Sequence[Mapping[str, Any]]) -> Any:
    """Draw seconds and megabytes of every stage over the pairs; dashed: in proportion.

    Args:
        points: for each number of `pairs`, the `stages`: by name, `seconds` and `resident_mb`.
    """
    stages = list(points[0]["stages"])
    figure = new_figure(3.0 * len(stages), 5.2)
    pairs = [point["pairs"] for point in points]
    grid = figure.subplots(2, len(stages), squeeze=False)
    for row, (measure, unit) in enumerate((("seconds", "seconds"), ("resident_mb", "MB"))):
        for place, stage in zip(grid[row], stages, strict=True):
            values = [point["stages"][stage][measure] for point in points]
            style_axes(place, stage, "", "pairs, in thousands", unit)
            place.plot([each / 1000 for each in pairs], values, color=BLUE, marker="o", lw=1.4)
            if measure == "seconds":
                straight = [values[0] * each / pairs[0] for each in pairs]
                thousands = [each / 1000 for each in pairs]
                place.plot(thousands, straight, color=GREY, linestyle="--", lw=1.2)
            place.set_ylim(bottom=0)
    return figure
