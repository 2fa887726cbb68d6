"""Options of `evaluate` and `fit`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.config.base import Options, option
from gemel.config.sections import DecisionConfig


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(Options):
    """How a model is measured."""

    halves: bool = option(
        False,
        "Judge each half of the pairs by the threshold best on the other half, instead of the "
        "stored threshold.",
    )
    seen: bool = option(False, "Allow pairs that the model was trained or fitted on.")
    prevalence: float = 0.0
    """Weight pairs to this share of duplicates, below 1; 0: as they are."""
    tfidf_baseline: bool = option(False, "Rank the same pairs by TF-IDF, as a baseline.")
    robustness: bool = option(
        False, "Measure verdicts with typos, lost punctuation, changed numbers and negations."
    )
    page: str | Path | None = option(
        None,
        "Write a page with plots, DIR/index.html.",
        flag="--report",
        metavar="DIR",
        show_default=False,
        kind=Path | None,
    )
    """Folder for the report as `index.html` and `report.json`, with both of the above."""
    rounds: int = 1000
    """Bootstrap resamples for the intervals."""
    seed: int = 0
    """Seed of halves and resamples."""


@dataclass(frozen=True, kw_only=True)
class FitOptions(Options):
    """How a decision is fitted, and where it is written."""

    out: str | Path | None = option(
        None,
        "Write a copy of the model with the new decision here, instead of changing it.",
        metavar="DIR",
        show_default=False,
        kind=Path | None,
    )
    """Required for a model that ships."""
    settings: DecisionConfig | Mapping[str, Any] | None = None
    """Settings of the decision, or changes by name to the previous ones at the prevalence of the
    pairs."""
    seen: bool = option(False, "Allow pairs that the model was trained on.")
    strict: bool = option(False, "Turn warnings into errors, and write nothing.")
    overwrite: bool = option(False, "Overwrite an existing model.")
