"""What an evaluation found, in plain numbers."""

from dataclasses import dataclass

from gemel.evaluation.fit_checks import FitFinding
from gemel.evaluation.judged_pairs import Share
from gemel.evaluation.metrics import Confusion
from gemel.evaluation.robustness import Robustness
from gemel.notebook import shown


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured number with the central 95 % of its bootstrap.

    Connected components of pairs are drawn (see `Resampler`); thresholds and calibration stay.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A pair whose verdict is not its label."""

    line: int
    """Where it stands in its file."""
    left: str
    right: str
    similarity: float
    probability: float


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Another scorer on the same pairs."""

    name: str
    figures: dict[str, Figure]
    """Its average precision and ROC AUC."""
    gains: dict[str, Figure]
    """By how much the model is above it, drawn on the same resamples."""


@shown(
    lambda it: (
        {"data": it.data, "pairs": it.pairs}
        | {name: figure.value for name, figure in it.figures.items()}
    )
)
@dataclass(frozen=True, kw_only=True)
class Report:
    """What a model did on labelled pairs."""

    data: str
    """The file, or what else the pairs are called."""
    pairs: int
    """Number of pairs."""
    prevalence: float
    """Share of duplicates among them."""
    weighed_as: float
    """Share of duplicates that the figures hold for: `prevalence`, unless another was wanted."""
    thresholds: tuple[float, ...]
    """The stored threshold, or the two of the halves."""
    protocol: str
    """How the threshold came about."""
    fitted_prevalence: float
    """Share of duplicates that threshold and probabilities were fitted for."""
    rounds: int
    """Bootstrap resamples that the intervals come from."""
    confusion: Confusion
    """Verdicts against labels, in pairs."""
    figures: dict[str, Figure]
    """Of the verdicts: accuracy, precision, recall, f1, mcc; of the similarities, whatever the
    threshold: average_precision, roc_auc; of the probabilities: log_loss, brier, ece."""
    answers: tuple[Share, ...]
    """The answers a user would get, from "not the same" to "the same"."""
    false_positives: tuple[Mistake, ...]
    """The worst: called duplicates, the most similar first."""
    false_negatives: tuple[Mistake, ...]
    """The worst: duplicates that were missed, the least similar first."""
    beside: tuple[Beside, ...]
    """Other scorers on the same pairs."""
    findings: tuple[FitFinding, ...] = ()
    """Labels that look inverted, or that similarity does not separate."""
    robustness: Robustness | None = None
    """What becomes of the verdicts when questions are typed differently, if that was measured."""
