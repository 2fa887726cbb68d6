"""The picture of a learning curve."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemel.plots.canvas import BLUE, GREY, ORANGE, RED, new_figure, style_axes

__all__ = ["draw_curve"]

# What is not named here is in the table only.
COLOURS = {"from scratch": BLUE, "from a model": RED, "TF-IDF": ORANGE, "the model as it is": GREY}


def draw_curve(points: Sequence[Mapping[str, Any]], columns: Mapping[str, str], dev: str) -> Any:
    """Draw each figure over the number of pairs, a line a method, with 95 % intervals.

    Args:
        points: for each number of `pairs`, the `curves`: by method, by figure, value, low, high.
        columns: the figures to draw, and what to call them.
        dev: the file they were measured on.
    """
    figure = new_figure(5.5 * len(columns), 4.2)
    axes = figure.subplots(1, len(columns), squeeze=False)[0]
    pairs = [point["pairs"] for point in points]
    for place, (name, title) in zip(axes, columns.items(), strict=True):
        style_axes(place, title, f"on {dev}, with 95 % intervals", "pairs to learn from", title)
        for method in (name for name in COLOURS if name in points[0]["curves"]):
            curve = [point["curves"][method][name] for point in points]
            values, low, high = ([each[k] for each in curve] for k in ("value", "low", "high"))
            learns = method != "the model as it is"
            place.plot(
                pairs,
                values,
                color=COLOURS[method],
                marker="o" if learns else None,
                linestyle="-" if learns else "--",
                markersize=5,
                lw=1.4,
                label=method,
            )
            place.fill_between(pairs, low, high, color=COLOURS[method], alpha=0.12, linewidth=0)
        place.set_xscale("log")
        place.set_xticks(pairs, [f"{count:,}" for count in pairs], rotation=30)
        place.minorticks_off()
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure
