"""A refitted decision, compared with the previous one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.evaluation.decision_fit import FEW, fit_decision
from gemel.evaluation.fit_checks import FitFinding, check_fit
from gemel.evaluation.judged_pairs import Judged, Score, judge_scored


@dataclass(frozen=True, kw_only=True)
class Refit:
    """Two decisions on the pairs of the second fit."""

    before: Judged
    """Result of the previous decision."""
    after: Judged
    """Result of the new one; slightly optimistic, as it was fitted on these pairs."""
    findings: tuple[FitFinding, ...] = ()
    """Faults of the labels or of the new decision."""

    @property
    def decision(self) -> Decision:
        """The new decision."""
        return self.after.decisions[0]


def refit(
    pairs: Pairs,
    score: Score,
    decision: Decision,
    settings: DecisionConfig,
    *,
    encode: Callable[[Sequence[str]], Any] | None = None,
) -> Refit:
    """Fit a decision on other pairs or for another objective.

    Args:
        pairs: labelled pairs, not trained on.
        score: returns similarities.
        decision: the previous decision.
        settings: objective of the new one.
        encode: returns unit vectors, to compare negatives with the questions' nearest neighbours;
            not compared if None.

    Raises:
        DataError: one label only.
    """
    similarity = score(pairs.left_texts, pairs.right_texts)
    fresh = fit_decision(similarity, pairs, settings, steady=len(pairs) < FEW)
    before, after = (
        judge_scored(pairs, similarity, each, prevalence=settings.prevalence)
        for each in (decision, fresh)
    )
    findings = check_fit(similarity, pairs, fresh, encode, score)
    return Refit(before=before, after=after, findings=findings)
