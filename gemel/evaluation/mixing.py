"""How much of a second score to mix into a first."""

import numpy as np
from jaxtyping import Bool, Float

from gemel.evaluation.decision_fit import fit_calibration

_SHARES = np.linspace(0, 0.95, 20)


def fit_share(
    first: Float[np.ndarray, "pairs"],
    second: Float[np.ndarray, "pairs"],
    labels: Bool[np.ndarray, "pairs"],
) -> float:
    """Give the share of the second score in (1 - share) * first + share * second.

    Each of twenty shares is worth what the pairs are likely with it, once calibrated; the answer is
    their mean. Few pairs say little, and leave it near the middle; many say which it is.

    Args:
        first: scores of pairs.
        second: other scores of the same pairs.
        labels: whether each is a duplicate; both labels must occur.
    """
    evidence = np.array(
        [_log_likelihood(first + share * (second - first), labels) for share in _SHARES]
    )
    worth = np.exp(evidence - evidence.max())
    return float(_SHARES @ worth / worth.sum())


def _log_likelihood(scores: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]) -> float:
    slope, intercept = fit_calibration(scores, labels)
    odds = slope * scores.astype(np.float64) + intercept
    return float((labels * odds - np.logaddexp(0, odds)).sum())
