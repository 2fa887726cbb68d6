"""Where to cut the range of similarities: yes or no, and the band in which a person is asked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gemel.config import DecisionConfig
from gemel.evaluation.metrics import Ranking
from gemel.evaluation.prior import prior_weights


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Three similarities that do not fall."""

    lower: float
    """From here on it is worth asking a person."""
    threshold: float
    """From here on two questions are rather the same than not."""
    upper: float
    """From here on nobody need be asked."""


def fit_cuts(
    scores: Float[np.ndarray, "pairs"],
    labels: Bool[np.ndarray, "pairs"],
    settings: DecisionConfig,
) -> Cuts:
    """Choose the cuts that are best on the given pairs.

    A cut lies half-way between two distinct scores, so that tied pairs stay together and a small
    change of a score changes nothing. Of equally good cuts the highest is taken. Where no cut has
    the wanted precision, `upper` and `threshold` lie above all scores.

    Args:
        scores: similarity of each pair.
        labels: whether each is a duplicate; both labels must occur.
        settings: the objective. For "accuracy" and "f1" the three cuts are one.
    """
    ranking = Ranking(scores, labels)
    # Number k of each array is what the k highest distinct scores have caught.
    positives, negatives = (
        np.concatenate([[0.0], caught])
        for caught in ranking.counts(prior_weights(labels, settings.prevalence))
    )
    if settings.objective == "precision":
        places = _by_precision(positives, negatives, settings.precision)
    elif settings.objective == "costs":
        places = _by_costs(positives, negatives, settings)
    elif settings.objective == "f1":
        f1 = 2 * positives / (positives[-1] + positives + negatives)
        places = (int(np.argmax(f1)),) * 3
    else:
        places = (int(np.argmax(positives - negatives)),) * 3
    distinct = ranking.scores[ranking.ends]
    upper, threshold, lower = (_cut(distinct, place) for place in places)
    return Cuts(lower=lower, threshold=threshold, upper=upper)


def _by_precision(
    positives: Float[np.ndarray, "cuts"], negatives: Float[np.ndarray, "cuts"], precision: float
) -> tuple[int, int, int]:
    """Call the same, and not the same, as many as may be with that share of them right."""
    upper = int(np.argmax(np.where(_share(positives, negatives) >= precision, positives, -1)))
    left_positives, left_negatives = positives[-1] - positives, negatives[-1] - negatives
    right = _share(left_negatives, left_positives) >= precision
    lower = upper + int(np.argmax(right[upper:]))
    return upper, upper, lower


def _share(part: Float[np.ndarray, "cuts"], rest: Float[np.ndarray, "cuts"]) -> Any:
    """Divide the part by both; nothing of nothing is all."""
    whole = part + rest
    return np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)


def _by_costs(
    positives: Float[np.ndarray, "cuts"],
    negatives: Float[np.ndarray, "cuts"],
    settings: DecisionConfig,
) -> tuple[int, int, int]:
    """Spend least: what is above `upper` costs its negatives, below `lower` its positives.

    The sum is one term of the upper cut and one of the lower, so all pairs of cuts are tried in
    one pass.
    """
    review = settings.review_cost * (positives + negatives)
    above = settings.false_positive_cost * negatives - review
    below = review - settings.false_negative_cost * positives
    lower = int(np.argmin(np.minimum.accumulate(above) + below))
    upper = int(np.argmin(above[: lower + 1]))
    threshold = upper + int(np.argmin((above + below)[upper : lower + 1]))
    return upper, threshold, lower


def _cut(distinct: Float[np.ndarray, "scores"], place: int) -> float:
    """Give the cut that catches so many distinct scores, which come from the highest down."""
    if place == 0:
        top = distinct[0]
        return float(max(top + 1e-6, np.nextafter(top, type(top)(np.inf))))
    if place == len(distinct):
        return float(distinct[-1] - 1e-6)
    lower, upper = distinct[place], distinct[place - 1]
    # The middle in the scores' own precision; the upper one if nothing lies between.
    middle = type(lower)((float(lower) + float(upper)) / 2)
    return float(middle if middle > lower else upper)
