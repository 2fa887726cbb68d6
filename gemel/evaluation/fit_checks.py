"""Refitted decisions, and checks of the labels and of decisions fitted on them."""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gemel.config import DecisionConfig
from gemel.data import PairGraph, Pairs
from gemel.data.duplicate_graph import connect
from gemel.decision import ANSWERS, Decision
from gemel.errors import GemelWarning
from gemel.evaluation.decision_fit import FEW, fit_decision, prior_weights
from gemel.evaluation.judged_pairs import Judged, Score, judge_scored
from gemel.evaluation.metrics import Ranking, count_confusion

FEW_PAIRS = 20
"""Minimum pairs for a reliable share."""

_SIGNIFICANT = 2.33
"""Standard errors from chance, one-sided 1 %."""
_SEPARATED = 0.55
"""ROC AUC below which a significant order is useless."""
_QUESTIONS = 2000
"""Maximum questions whose nearest neighbour is searched; more are sampled."""
_MANY = 0.2
"""Share of nearest neighbours called the same that causes a warning."""
_EASIER = 3
"""Minimum ratio of neighbours to labelled negatives called the same."""


@dataclass(frozen=True, kw_only=True)
class FitFinding:
    """A fault of labels, or of the decision fitted on them."""

    name: str
    """`inverted-labels`, `no-separation`, `few-of-a-label`, `few-groups`, `one-answer`,
    `few-of-an-answer`, `precision-out-of-reach` or `easy-negatives`."""
    text: str
    """One line: file, fault with numbers, remedy."""


_Named = Iterator[tuple[str, str]]
"""Names and texts of findings, without the file."""


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
        encode: see `check_fit`.

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


def check_fit(
    similarity: Float[np.ndarray, "pairs"],
    pairs: Pairs,
    decision: Decision,
    encode: Callable[[Sequence[str]], Any] | None,
    score: Score,
) -> tuple[FitFinding, ...]:
    """Check a decision on its pairs, see `check_decision`.

    Given `encode`, which returns unit vectors, negatives are compared with the questions' nearest
    neighbours.
    """
    graph = PairGraph.of(pairs)
    neighbours = None if encode is None else neighbour_similarity(pairs, graph, encode, score)
    return check_decision(similarity, pairs, decision, graph=graph, neighbours=neighbours)


def check_decision(
    similarity: Float[np.ndarray, "pairs"],
    pairs: Pairs,
    decision: Decision,
    *,
    graph: PairGraph | None = None,
    neighbours: Float[np.ndarray, "questions"] | None = None,
) -> tuple[FitFinding, ...]:
    """Check a decision on the pairs that it was fitted on.

    Args:
        similarity: similarity of each pair.
        pairs: labelled pairs of both labels.
        decision: the decision.
        graph: graph of the pairs, if known.
        neighbours: see `neighbour_similarity`; without it negatives are not compared with
            neighbours.
    """
    graph = graph or PairGraph.of(pairs)
    return _findings(pairs, _check_decision(similarity, pairs, decision, graph, neighbours))


def check_labels(
    similarity: Float[np.ndarray, "pairs"], pairs: Pairs, graph: PairGraph | None = None
) -> tuple[FitFinding, ...]:
    """Check whether similarity separates the labels, in the right direction.

    Labels are inverted if pairs labelled the same are less similar and chains of duplicates do not
    contradict it (a model may meet negatives that it mined itself), or if chains of pairs labelled
    the same link pairs labelled not the same. For the arguments see `check_decision`.

    Source: the standard error of ROC AUC at chance is that of the Mann-Whitney U test.
    """
    return _findings(pairs, _check_labels(similarity, pairs, graph or PairGraph.of(pairs)))


def warn_of_findings(findings: Iterable[FitFinding]) -> None:
    """Issue a `GemelWarning` for each, attributed to the caller's caller."""
    for finding in findings:
        warnings.warn(finding.text, GemelWarning, stacklevel=3)


def neighbour_similarity(
    pairs: Pairs, graph: PairGraph, encode: Callable[[Sequence[str]], Any], score: Score
) -> Float[np.ndarray, "questions"]:
    """Return the similarity of questions to their nearest neighbour not labelled as duplicate.

    `check` scores such pairs, while labelled negatives may be any pairs. Exact; above 2,000
    questions always the same sample, whose neighbours are farther away than among all.
    """
    count = len(graph.questions)
    rows = np.arange(count)
    if count > _QUESTIONS:
        rows = np.sort(np.random.default_rng(0).choice(count, _QUESTIONS, replace=False))
    # As they were written: a model may read case, which the graph does not.
    first = np.unique(np.r_[graph.left, graph.right], return_index=True)[1][rows]
    texts = [pairs.texts[text] for text in np.r_[pairs.left, pairs.right][first].tolist()]
    vectors = np.asarray(encode(texts), np.float32)
    groups = graph.groups[rows]
    cosines = vectors @ vectors.T
    cosines[groups[:, None] == groups] = -np.inf
    nearest = cosines.argmax(axis=1)
    known = np.isfinite(cosines[np.arange(len(rows)), nearest])
    left = [texts[row] for row in np.flatnonzero(known).tolist()]
    right = [texts[row] for row in nearest[known].tolist()]
    return np.asarray(score(left, right)) if left else np.zeros(0, np.float32)


def _findings(pairs: Pairs, found: _Named) -> tuple[FitFinding, ...]:
    where = pairs.path or "pairs"
    return tuple(FitFinding(name=name, text=f"{where}: {text}") for name, text in found)


def _check_decision(
    similarity: Float[np.ndarray, "pairs"],
    pairs: Pairs,
    decision: Decision,
    graph: PairGraph,
    neighbours: Float[np.ndarray, "questions"] | None,
) -> _Named:
    of_labels = list(_check_labels(similarity, pairs, graph))
    yield from of_labels
    if decision.slope <= 0 and not of_labels:
        yield (
            "no-separation",
            f"the fitted probability falls as similarity rises (slope {decision.slope:.2f}): "
            "similarity does not separate the labels; check them (gemel audit), or take more pairs",
        )
    yield from _too_few(pairs, graph)
    if of_labels and of_labels[0][0] == "inverted-labels":
        return  # the answers are what these labels make of them
    yield from _check_answers(similarity, pairs, decision)
    if neighbours is not None and len(neighbours) >= FEW_PAIRS:
        similar = float(decision.is_duplicate(neighbours).mean())
        labelled = float(decision.is_duplicate(similarity[~pairs.labels]).mean())
        if similar >= _MANY and similar >= _EASIER * labelled:
            yield (
                "easy-negatives",
                "the negatives are much easier than what gemel check will judge: of the "
                f"questions' nearest neighbours that no pair labels the same, {similar:.0%} would "
                f"be called the same, of the labelled negatives {labelled:.1%}. Unless those "
                "neighbours are the same, take mined (gemel mine) or reviewed (gemel review) "
                "negatives",
            )


def _check_labels(similarity: Float[np.ndarray, "pairs"], pairs: Pairs, graph: PairGraph) -> _Named:
    positives = int(pairs.labels.sum())
    negatives = len(pairs) - positives
    auc = Ranking(similarity, pairs.labels).roc_auc()
    error = math.sqrt((len(pairs) + 1) / (12 * positives * negatives))
    is_reversed = auc < 0.5 - _SIGNIFICANT * error
    chance = f"(ROC AUC {auc:.2f}, chance is 0.50"
    linked, transitive = _chains(pairs, graph)
    if transitive == "others" or (is_reversed and transitive != "same"):
        reasons = []
        if is_reversed:
            reasons.append(f"pairs labelled the same are less similar than the others {chance})")
        if transitive == "others":
            reasons.append(
                f"chains of pairs labelled the same link {linked:,} of the {negatives:,} pairs "
                "labelled not the same"
            )
        yield (
            "inverted-labels",
            f"the labels look inverted: {'; '.join(reasons)}. Read them the other way round "
            "(--same 0, Columns(same=0) in Python), and see gemel audit",
        )
    elif is_reversed:
        yield (
            "no-separation",
            "pairs labelled the same are less similar to this model than the others "
            f"{chance}), as with negatives that it mined itself: no threshold can separate them; "
            "train on such pairs first (gemel train), or fit on reviewed ones (gemel review)",
        )
    elif auc < max(_SEPARATED, 0.5 + _SIGNIFICANT * error):
        yield (
            "no-separation",
            f"similarity does not separate the labels beyond chance {chance}; {positives:,} pairs "
            f"labelled the same, {negatives:,} not): check them (gemel audit), take more pairs, "
            "or train on such pairs (gemel train)",
        )


def _chains(pairs: Pairs, graph: PairGraph) -> tuple[int, str]:
    """Find pairs of one label that are linked by chains of pairs of the other label.

    Returns:
        Number of linked pairs labelled not the same; and which label is the transitive one:
        "same", "others", or empty if it is unclear.
    """
    left, right = graph.left, graph.right
    opposite = connect(len(graph.questions), left[~pairs.labels], right[~pairs.labels])
    same, others = (labels & (left != right) for labels in (pairs.labels, ~pairs.labels))
    others_linked = int((others & (graph.groups[left] == graph.groups[right])).sum())
    same_linked = int((same & (opposite[left] == opposite[right])).sum())
    others_share = others_linked / max(int(others.sum()), 1)
    same_share = same_linked / max(int(same.sum()), 1)
    if others_linked >= 10 and others_share >= 0.05 and others_share > 10 * same_share:
        return others_linked, "others"
    if same_linked >= 10 and same_share >= 0.05 and same_share > 10 * others_share:
        return others_linked, "same"
    return others_linked, ""


def _too_few(pairs: Pairs, graph: PairGraph) -> _Named:
    same = int(pairs.labels.sum())
    for count, label in ((same, "the same"), (len(pairs) - same, "not the same")):
        if count < FEW_PAIRS:
            yield (
                "few-of-a-label",
                f"only {count:,} of {len(pairs):,} pairs {'is' if count == 1 else 'are'} labelled "
                f"{label}; a decision takes at least {FEW_PAIRS} of either label: label more "
                "pairs (gemel review)",
            )
    groups = len(np.unique(graph.groups[graph.left[pairs.labels]]))
    if groups < FEW_PAIRS <= same:
        yield (
            "few-groups",
            f"the {same:,} pairs labelled the same are of only {groups:,} "
            f"{'group' if groups == 1 else 'groups'} of questions; a decision takes at least "
            f"{FEW_PAIRS} to hold for others: take pairs about more topics",
        )


def _check_answers(
    similarity: Float[np.ndarray, "pairs"], pairs: Pairs, decision: Decision
) -> _Named:
    count = len(pairs)
    answers = np.bincount(decision.answers(similarity), minlength=len(ANSWERS))
    no, unsure, yes = answers.tolist()
    verdicts = decision.is_duplicate(similarity)
    called = int(verdicts.sum())
    settings = decision.settings
    weights = prior_weights(pairs.labels, settings.prevalence)
    precision = count_confusion(verdicts, pairs.labels, weights).precision
    if settings.objective == "precision" and (not called or precision < settings.precision):
        yield (
            "precision-out-of-reach",
            f"on these pairs no threshold has a precision of {settings.precision:g}; next to "
            "nothing will be called the same: ask for less, or take more pairs",
        )
    elif not called:
        yield (
            "one-answer",
            f"no pair of {count:,} reaches the threshold: next to nothing will be called the "
            "same; take more pairs, or fit for another objective",
        )
    elif called == count:
        yield (
            "one-answer",
            f"all {count:,} pairs reach the threshold: nearly everything will be called the "
            "same; take more pairs labelled not the same, and harder ones (gemel mine)",
        )
    elif unsure == count:
        yield (
            "one-answer",
            f"all {count:,} pairs are left to a person: next to nothing will be decided; take "
            "more pairs, or fit for another objective",
        )
    for answer, number in ((ANSWERS[2], yes), (ANSWERS[0], no)):
        if 0 < number < FEW_PAIRS and called != count:
            yield (
                "few-of-an-answer",
                f"the answer “{answer}” rests on only {number:,} of {count:,} pairs, fewer than "
                f"{FEW_PAIRS}, and may be wrong more often on others: ask for less, or take more "
                "pairs",
            )
