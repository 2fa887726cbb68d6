"""Style and output of all plots. matplotlib is imported on first use, without pyplot."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemel.errors import DataError, MissingExtraError
from gemel.files import check_writable, write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which the colour-blind can tell apart.
BLUE, ORANGE, RED = "#0072b2", "#e69f00", "#d55e00"
INK, GREY = "#24292f", "#6e7781"
_DOTS_PER_INCH = 150


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of a size in inches; needs matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("drawing", "plots") from error
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.12, h_pad=0.12, wspace=0.06, hspace=0.06)
    return figure


def style_axes(
    axes: Any, title: str, subtitle: str = "", x_label: str = "", y_label: str = ""
) -> None:
    """Set title, subtitle, labels and the common style of axes."""
    axes.set_title(title, loc="left", fontsize=11.5, fontweight="bold", color=INK, pad=24)
    line = axes.annotate(
        subtitle,
        (0, 1),
        xytext=(0, 8),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=9.5,
        color=GREY,
    )
    line.set_in_layout(False)  # or a long line would make the axes narrow
    axes.set_xlabel(x_label, fontsize=9.5, color=INK)
    axes.set_ylabel(y_label, fontsize=9.5, color=INK)
    axes.tick_params(labelsize=9, colors=INK, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.grid(color="#d0d7de", linewidth=0.6, alpha=0.7)
    axes.set_axisbelow(True)
    axes.locator_params(nbins=7, steps=[1, 2, 5, 10])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.10g}")


def render(figure: "Figure", kind: str = "png") -> bytes:
    """Return a figure as bytes of a format of matplotlib: png, svg, pdf, ..."""
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, dpi=_DOTS_PER_INCH)
    return stream.getvalue()


def check_picture(path: str | Path) -> None:
    """Check, before long work, that a plot can be written.

    Raises:
        MissingExtraError: matplotlib is not installed.
        DataError: matplotlib does not support the suffix.
        OSError: the folder is not writable.
    """
    path = Path(path)
    known = sorted(new_figure(1.0, 1.0).canvas.get_supported_filetypes())
    if _kind(path) not in known:
        raise DataError(
            f"is no kind of picture; expected a name ending in .{', .'.join(known)}", path=path
        )
    if path.is_dir():
        raise DataError("is a folder; expected the name of a picture", path=path)
    check_writable(path)


def save_picture(figure: "Figure", path: str | Path) -> None:
    """Write a figure to a file in the format of its suffix; an error leaves an older one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, render(figure, _kind(path)))


def _kind(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")
