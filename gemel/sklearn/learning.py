"""Training for scikit-learn; needs torch, the extra [train]."""

import sys
import warnings

from sklearn.exceptions import ConvergenceWarning

from gemel.config import Config
from gemel.data import Pairs
from gemel.errors import GemelWarning
from gemel.folder import Model
from gemel.training import EpochSummary, Silent, learn


def learn_pairs(pairs: Pairs, config: Config, start: Model | None, *, verbose: bool) -> Model:
    """Train a network; what is probably wrong comes as a warning, news on stderr if wanted.

    Raises:
        DataError, ConfigError, TrainingError: see `gemel.training.learn`.
    """
    return learn(pairs, config, start=start, reporter=_Telling(verbose))


class _TrainingWarning(GemelWarning, ConvergenceWarning):  # type: ignore[misc]
    """Found by filters of gemel's warnings and of scikit-learn's."""


class _Telling(Silent):
    def __init__(self, verbose: bool):
        self.verbose = verbose

    def note(self, text: str) -> None:
        if self.verbose:
            sys.stderr.write(f"{text}\n")

    def warn(self, text: str) -> None:
        warnings.warn(text, _TrainingWarning, stacklevel=2)

    def epoch(self, summary: EpochSummary) -> None:
        self.note(
            f"epoch {summary.epoch}/{summary.epochs}  loss {summary.loss:.4f}  validation: average "
            f"precision {summary.validation_average_precision:.4f}, accuracy "
            f"{summary.validation_accuracy:.4f}"
        )
