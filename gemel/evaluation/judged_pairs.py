"""Labelled pairs with scores and verdicts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from gemel.config import DecisionConfig
from gemel.data import PairGraph, Pairs, hold_out
from gemel.decision import ANSWERS, Decision
from gemel.evaluation.decision_fit import fit_decision, prior_weights
from gemel.evaluation.metrics import Confusion, count_confusion

Score = Callable[[Sequence[str], Sequence[str]], Any]
"""Returns the similarity of first and second questions."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Pairs with one of the answers; shares are by weight."""

    answer: str
    pairs: int
    share: float
    """Share of all."""
    prevalence: float
    """Share of duplicates among them; 0 if there are none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Pairs, scores and verdicts."""

    pairs: Pairs
    similarity: Float[np.ndarray, "pairs"]
    probability: Float[np.ndarray, "pairs"]
    verdicts: Bool[np.ndarray, "pairs"]
    """Whether each was called a duplicate."""
    answers: Int[np.ndarray, "pairs"]
    """Answer to each, as index of `ANSWERS`."""
    decisions: tuple[Decision, ...]
    """The stored decision, or those of the two halves."""
    protocol: str
    """Origin of the decision."""
    prevalence: float
    """Share of duplicates that pairs are weighted to."""
    known_graph: PairGraph | None = None

    @cached_property
    def weights(self) -> Float[np.ndarray, "pairs"]:
        """Weight of each pair, 1 on average."""
        return self.weigh(np.ones(len(self.pairs)))

    def weigh(self, times: Float[np.ndarray, "pairs"]) -> Float[np.ndarray, "pairs"]:
        """Return the weights with multiplicities."""
        if self.prevalence == self.pairs.prevalence:
            return times
        weights: Float[np.ndarray, "pairs"]
        weights = times * prior_weights(self.pairs.labels, self.prevalence, times)
        return weights

    @cached_property
    def graph(self) -> PairGraph:
        """Graph of the pairs."""
        return self.known_graph or PairGraph.of(self.pairs)

    @property
    def confusion(self) -> Confusion:
        """Verdicts against labels, by weight."""
        return count_confusion(self.verdicts, self.pairs.labels, self.weights)

    @property
    def shares(self) -> tuple[Share, ...]:
        """Pairs by answer, from "not the same" to "the same"."""
        kinds = len(ANSWERS)
        pairs = np.bincount(self.answers, minlength=kinds)
        weight = np.bincount(self.answers, self.weights, kinds)
        same = np.bincount(self.answers, self.weights * self.pairs.labels, kinds)
        share = weight / weight.sum()
        prevalence = np.divide(same, weight, out=np.zeros(kinds), where=weight > 0)
        columns = zip(ANSWERS, pairs.tolist(), share.tolist(), prevalence.tolist(), strict=True)
        return tuple(
            Share(answer=answer, pairs=count, share=part, prevalence=right)
            for answer, count, part, right in columns
        )


def judge(pairs: Pairs, score: Score, decision: Decision, *, prevalence: float = 0.0) -> Judged:
    """Judge pairs by a decision.

    Args:
        pairs: labelled pairs, not those of the fit.
        score: returns similarities.
        decision: threshold and calibration.
        prevalence: weight pairs to this share of duplicates; 0: as they are.

    Raises:
        DataError: one label only.
    """
    pairs.require_both_labels()
    similarity = score(pairs.left_texts, pairs.right_texts)
    return judge_scored(pairs, similarity, decision, prevalence=prevalence)


def judge_scored(
    pairs: Pairs,
    similarity: Float[np.ndarray, "pairs"],
    decision: Decision,
    *,
    prevalence: float = 0.0,
) -> Judged:
    """Judge pairs with known similarities; see `judge`."""
    return Judged(
        pairs=pairs,
        similarity=similarity,
        probability=decision.probability(similarity),
        verdicts=decision.is_duplicate(similarity),
        answers=decision.answers(similarity),
        decisions=(decision,),
        protocol=f"stored in the model, best for {decision.settings.aim}",
        prevalence=prevalence or pairs.prevalence,
    )


def judge_by_halves(
    pairs: Pairs,
    score: Score,
    settings: DecisionConfig | None = None,
    *,
    prevalence: float = 0.0,
    seed: int = 0,
) -> Judged:
    """Judge each half of the pairs by a decision fitted on the other half.

    Halves are split by connected component. Pairs with a question in each half are judged, and used
    in neither fit.

    Args:
        pairs, score: see `judge`.
        settings: objective of the decisions; the defaults if None.
        prevalence: fit for, and weight to, this share of duplicates; 0: as they are.
        seed: seed of the halves.

    Raises:
        DataError: the pairs, or a half, have one label only.
    """
    pairs.require_both_labels()
    similarity = score(pairs.left_texts, pairs.right_texts)
    graph = PairGraph.of(pairs)
    split = hold_out(graph, 0.5, seed)
    mix = prevalence or (pairs.prevalence if split.crossing_pairs else 0.0)
    settings = replace(settings or DecisionConfig(), prevalence=mix)
    second = split.parts == 0
    decisions = []
    for fitted in (split.parts == 1, second):
        half = pairs.select(fitted)
        half.require_both_labels("pairs of one half", "; evaluate more pairs, or without halves")
        decisions.append(fit_decision(similarity[fitted], half, settings))
    one, other = (judge_scored(pairs, similarity, decision) for decision in decisions)
    return Judged(
        pairs=pairs,
        similarity=similarity,
        probability=np.where(second, one.probability, other.probability),
        verdicts=np.where(second, one.verdicts, other.verdicts),
        answers=np.where(second, one.answers, other.answers),
        decisions=tuple(decisions),
        protocol=f"each half is judged by the one best for {settings.aim} on the other",
        prevalence=prevalence or pairs.prevalence,
        known_graph=graph,
    )
