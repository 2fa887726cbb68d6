"""Figures and tables as text: for the terminal, and in Markdown."""

from collections.abc import Sequence

from gemel.evaluation import Figure

__all__ = ["markdown", "points", "signed", "spread", "text_table"]


def spread(figure: Figure) -> str:
    """Write a figure and its interval, in points: `78.2 (77.3-79.0)`."""
    return f"{points(figure.value)} ({points(figure.low)}-{points(figure.high)})"


def signed(figure: Figure) -> str:
    """Write a difference and its interval, in points: `+1.2 (-0.1 to +2.5)`."""
    value, low, high = (f"{100 * each:+.1f}" for each in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})"


def points(share: float) -> str:
    """Write a share in points of a hundred: `35.9`."""
    return f"{100 * share:.1f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown; a bar in a field would end it, and is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    fields = ([field.replace("|", r"\|") for field in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in fields)


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table for the terminal, its columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "".join(
        "  ".join(field.ljust(width) for field, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in (head, *rows)
    )
