"""Labelled pairs with what a model given of them."""

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
"""Takes first and second questions, gives the similarity of each pair as a float array."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """The pairs that got one of the answers."""

    answer: str
    pairs: int
    """How many there are."""
    share: float
    """What they are of all, by weight."""
    prevalence: float
    """What share of them asks the same, by weight; 0 if there are none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Pairs, scores and verdicts: all that figures and pictures are made of."""

    pairs: Pairs
    similarity: Float[np.ndarray, "pairs"]
    probability: Float[np.ndarray, "pairs"]
    """How likely each pair asks the same."""
    verdicts: Bool[np.ndarray, "pairs"]
    """Whether each was called a duplicate."""
    answers: Int[np.ndarray, "pairs"]
    """The answer about each, as its place in `ANSWERS`."""
    decisions: tuple[Decision, ...]
    """What they were judged by: the stored decision, or those of the two halves."""
    protocol: str
    """How the decision came about."""
    prevalence: float
    """Share of pairs to weigh as asking the same: what the labels report, unless another is wanted."""
    known_graph: PairGraph | None = None
    """How the pairs connect their questions, if judging them took it."""

    @cached_property
    def weights(self) -> Float[np.ndarray, "pairs"]:
        """What each pair counts, 1 on average."""
        return self.weigh(np.ones(len(self.pairs)))

    def weigh(self, times: Float[np.ndarray, "pairs"]) -> Float[np.ndarray, "pairs"]:
        """Return what each pair counts its state so many times."""
        if self.prevalence == self.pairs.prevalence:
            return times
        weights: Float[np.ndarray, "pairs"]
        weights = times * prior_weights(self.pairs.labels, self.prevalence, times)
        return weights

    @cached_property
    def graph(self) -> PairGraph:
        """How the pairs connect their questions."""
        return self.known_graph or PairGraph.of(self.pairs)

    @property
    def confusion(self) -> Confusion:
        """Verdicts against labels, by weight."""
        return count_confusion(self.verdicts, self.pairs.labels, self.weights)

    @property
    def shares(self) -> tuple[Share, ...]:
        """How many pairs got each answer, from "not the same" to "the same"."""
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
    """Judge pairs by a stored decision.

    Args:
        pairs: labelled pairs; others than the decision was fitted on, or it will flatter itself.
        score: gives similarities.
        decision: holds threshold and calibration.
        prevalence: weigh the pairs as if this share of them asked the same; 0: as they are.

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
    """Judge pairs of both labels whose similarities are known; see `judge`."""
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
    """Judge by decisions for these pairs' own mix, and none fitted on what it is scored on.

    The pairs are halved by connected component of their graph; each half is judged by the
    decision fitted on the other half. Pairs with a question in each half are judged, and fit
    neither decision.

    Args:
        pairs: labelled pairs.
        score: gives similarities.
        settings: what the decisions are fitted for, whatever their prevalence; the defaults if
            None.
        prevalence: fit for, and weigh the pairs as if, this share of them asked the same; 0: as
            they are.
        seed: another seed, other halves.

    Raises:
        DataError: the pairs, or a half of them, have one label only.
    """
    pairs.require_both_labels()
    similarity = score(pairs.left_texts, pairs.right_texts)
    graph = PairGraph.of(pairs)
    split = hold_out(graph, 0.5, seed)
    mix = prevalence or (pairs.prevalence if split.crossing_pairs else 0.0)
    settings = replace(settings or DecisionConfig(), prevalence=mix)
    probability = np.zeros(len(pairs))
    verdicts = np.zeros(len(pairs), bool)
    answers = np.zeros(len(pairs), np.int8)
    decisions = []
    second = split.parts == 0
    for half, fitted in ((second, split.parts == 1), (~second, second)):
        other = pairs.select(fitted)
        other.require_both_labels("pairs of one half", "; evaluate more pairs, or without halves")
        decision = fit_decision(similarity[fitted], other, settings)
        probability[half] = decision.probability(similarity[half])
        verdicts[half] = decision.is_duplicate(similarity[half])
        answers[half] = decision.answers(similarity[half])
        decisions.append(decision)
    return Judged(
        pairs=pairs,
        similarity=similarity,
        probability=probability,
        verdicts=verdicts,
        answers=answers,
        decisions=tuple(decisions),
        protocol=f"each half is judged by the one best for {settings.aim} on the other",
        prevalence=prevalence or pairs.prevalence,
        known_graph=graph,
    )
