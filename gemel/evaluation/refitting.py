"""A decision fitted again, beside the one before."""

from dataclasses import dataclass

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.evaluation.fitting import FEW, fit_decision
from gemel.evaluation.judging import Judged, Score, judge_scored

__all__ = ["Refit", "refit"]


@dataclass(frozen=True, kw_only=True)
class Refit:
    """Two decisions on the pairs that the second was fitted on."""

    before: Judged
    """What the earlier decision says of the pairs."""
    after: Judged
    """What the new one says; it flatters itself a little, as it was fitted on them."""

    @property
    def decision(self) -> Decision:
        """The new decision."""
        return self.after.decisions[0]


def refit(pairs: Pairs, score: Score, decision: Decision, settings: DecisionConfig) -> Refit:
    """Fit a decision on other pairs or for another aim.

    Args:
        pairs: labelled pairs that the model was not trained on.
        score: gives similarities.
        decision: the one before.
        settings: what the new one is fitted for.

    Raises:
        DataError: one label only.
    """
    similarity = score(pairs.left_texts, pairs.right_texts)
    fresh = fit_decision(similarity, pairs, settings, steady=len(pairs) < FEW)
    before, after = (
        judge_scored(pairs, similarity, each, prevalence=settings.prevalence)
        for each in (decision, fresh)
    )
    return Refit(before=before, after=after)
