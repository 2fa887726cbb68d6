"""The climb as a table: in points of a hundred, narrow enough for a terminal."""

from collections.abc import Mapping
from typing import Any

from layout import markdown, points, signed, spread, text_table
from paired import HALVES, Sampled, mean_of

import gemel

__all__ = ["COMPARED", "Measured", "Table"]

Measured = dict[str, dict[int, dict[str, Sampled]]]
"""By scorer, by seed, by figure."""

COMPARED = ("accuracy", "average_precision")
"""Figures whose gain over the row before is told."""

# F1 by the threshold best for it on the other half, and by the best in hindsight; minutes a
# training.
_HEAD = ("row", "by", "accuracy", "AP", "F1/best", "ECE", "seeds", "min")
_GAINS = ("row", "by", "over row before", "accuracy", "AP")


class Table:
    """The rows on one dev file.

    Args:
        dev: its pairs.
    """

    def __init__(self, dev: gemel.Pairs):
        name = dev.path.name if dev.path else "pairs"
        self.title = f"{name}: {len(dev):,} pairs, {points(dev.prevalence)} % ask the same"
        self.rows: list[list[str]] = []
        self.gains: list[list[str]] = []

    def add(
        self, row: str, measured: Measured, seconds: float, gained: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Add a row, and what it gained over the one before."""
        for scorer, seeds in measured.items():
            mean = {name: mean_of([each[name] for each in seeds.values()]) for name in HALVES}
            self.rows.append(
                [
                    row,
                    scorer,
                    spread(mean["accuracy"].figure),
                    spread(mean["average_precision"].figure),
                    f"{points(mean['f1_fitted'].value)}/{points(mean['f1_possible'].value)}",
                    points(mean["ece"].value),
                    str(len(seeds)),
                    f"{seconds / 60:.1f}",
                ]
            )
            if scorer in gained:
                gain = gained[scorer]
                figures = [signed(gain[name].figure) for name in COMPARED]
                self.gains.append([row, scorer, f"by {gain['by']}", *figures])

    @property
    def text(self) -> str:
        """For the terminal."""
        gains = f"\n{text_table(_GAINS, self.gains)}" if self.gains else ""
        return f"\n{self.title}\n\n{text_table(_HEAD, self.rows)}{gains}"

    @property
    def markdown(self) -> str:
        """For a page."""
        gains = f"\n{markdown(_GAINS, self.gains)}" if self.gains else ""
        return f"\n{self.title}\n\n{markdown(_HEAD, self.rows)}{gains}"
