"""Checks of labels, and of decisions fitted on them."""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gemel.data import PairGraph, Pairs
from gemel.data.duplicate_graph import connect
from gemel.decision import ANSWERS, Decision
from gemel.errors import GemelWarning
from gemel.evaluation.decision_fit import prior_weights
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
    where = _name(pairs)
    graph = graph or PairGraph.of(pairs)
    found = list(check_labels(similarity, pairs, graph))
    if decision.slope <= 0 and not found:
        found.append(
            FitFinding(
                name="no-separation",
                text=f"{where}: the fitted probability falls as similarity rises (slope "
                f"{decision.slope:.2f}): similarity does not separate the labels; check them "
                "(gemel audit), or take more pairs",
            )
        )
    found += _too_few(pairs, graph, where)
    if found and found[0].name == "inverted-labels":
        return tuple(found)  # the answers are what these labels make of them
    found += _answers(similarity, pairs, decision, where)
    if neighbours is not None:
        found += _easy_negatives(similarity, pairs, decision, neighbours, where)
    return tuple(found)


def check_labels(
    similarity: Float[np.ndarray, "pairs"], pairs: Pairs, graph: PairGraph | None = None
) -> tuple[FitFinding, ...]:
    """Check whether similarity separates the labels, in the right direction.

    Labels are inverted if pairs labelled the same are less similar and chains of duplicates do not
    contradict it (a model may meet negatives that it mined itself), or if chains of pairs labelled
    the same link pairs labelled not the same.

    Args:
        similarity: similarity of each pair.
        pairs: labelled pairs of both labels.
        graph: graph of the pairs, if known.

    Source: the standard error of ROC AUC at chance is that of the Mann-Whitney U test.
    """
    where = _name(pairs)
    positives = int(pairs.labels.sum())
    negatives = len(pairs) - positives
    auc = Ranking(similarity, pairs.labels).roc_auc()
    error = math.sqrt((len(pairs) + 1) / (12 * positives * negatives))
    is_reversed = auc < 0.5 - _SIGNIFICANT * error
    shown = f"(ROC AUC {auc:.2f}, chance is 0.50)"
    chains = _Chains.of(pairs, graph or PairGraph.of(pairs))
    if chains.say_inverted or (is_reversed and not chains.say_right):
        order = f"pairs labelled the same are less similar than the others {shown}"
        reasons = [order] if is_reversed else []
        if chains.say_inverted:
            reasons.append(
                f"chains of pairs labelled the same link {chains.others_linked:,} of the "
                f"{negatives:,} pairs labelled not the same"
            )
        text = (
            f"{where}: the labels look inverted: {'; '.join(reasons)}. Read them the other way "
            "round (--same 0, Columns(same=0) in Python), and see gemel audit"
        )
        return (FitFinding(name="inverted-labels", text=text),)
    if is_reversed:
        text = (
            f"{where}: pairs labelled the same are less similar to this model than the others "
            f"{shown}, as with negatives that it mined itself: no threshold can separate them; "
            "train on such pairs first (gemel train), or fit on reviewed ones (gemel review)"
        )
        return (FitFinding(name="no-separation", text=text),)
    if auc < max(_SEPARATED, 0.5 + _SIGNIFICANT * error):
        counts = f"{shown[:-1]}; {positives:,} pairs labelled the same, {negatives:,} not)"
        text = (
            f"{where}: similarity does not separate the labels beyond chance {counts}: check them "
            "(gemel audit), take more pairs, or train on such pairs (gemel train)"
        )
        return (FitFinding(name="no-separation", text=text),)
    return ()


def warn_of_findings(findings: Iterable[FitFinding]) -> None:
    """Issue a `GemelWarning` for each, attributed to the caller's caller."""
    for finding in findings:
        warnings.warn(finding.text, GemelWarning, stacklevel=3)


def neighbour_similarity(
    pairs: Pairs,
    graph: PairGraph,
    encode: Callable[[Sequence[str]], Any],
    score: Callable[[Sequence[str], Sequence[str]], Any],
) -> Float[np.ndarray, "questions"]:
    """Return the similarity of questions to their nearest neighbour not labelled as duplicate.

    `check` scores such pairs, while labelled negatives may be any pairs. Exact; above 2,000
    questions always the same sample, whose neighbours are farther away than among all.

    Args:
        pairs: labelled pairs.
        graph: their graph.
        encode: returns unit vectors of questions.
        score: returns similarities of pairs.
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


def check_fit(
    similarity: Float[np.ndarray, "pairs"],
    pairs: Pairs,
    decision: Decision,
    encode: Callable[[Sequence[str]], Any] | None,
    score: Callable[[Sequence[str], Sequence[str]], Any],
) -> tuple[FitFinding, ...]:
    """Check a decision on its pairs and, given `encode`, on nearest neighbours of their questions.

    See `check_decision` and `neighbour_similarity`.
    """
    graph = PairGraph.of(pairs)
    neighbours = None if encode is None else neighbour_similarity(pairs, graph, encode, score)
    return check_decision(similarity, pairs, decision, graph=graph, neighbours=neighbours)


@dataclass(frozen=True)
class _Chains:
    """Pairs of one label linked by chains of pairs of the other label."""

    others_linked: int
    """Pairs labelled not the same, linked by chains of duplicates."""
    same_linked: int
    """Pairs labelled the same, linked by chains of the others."""
    others: int
    same: int

    @classmethod
    def of(cls, pairs: Pairs, graph: PairGraph) -> "_Chains":
        labels, left, right = pairs.labels, graph.left, graph.right
        apart = left != right
        opposite = connect(len(graph.questions), left[~labels], right[~labels])
        same, others = labels & apart, ~labels & apart
        return cls(
            others_linked=int((others & (graph.groups[left] == graph.groups[right])).sum()),
            same_linked=int((same & (opposite[left] == opposite[right])).sum()),
            others=int(others.sum()),
            same=int(same.sum()),
        )

    @property
    def say_inverted(self) -> bool:
        """Whether the pairs labelled not the same are the transitive ones."""
        return _outweighs(self.others_linked, self.others, self.same_linked, self.same)

    @property
    def say_right(self) -> bool:
        """Whether the pairs labelled the same are the transitive ones."""
        return _outweighs(self.same_linked, self.same, self.others_linked, self.others)


def _outweighs(linked: int, count: int, other_linked: int, other_count: int) -> bool:
    share = linked / max(count, 1)
    return linked >= 10 and share >= 0.05 and share > 10 * other_linked / max(other_count, 1)


def _too_few(pairs: Pairs, graph: PairGraph, where: str) -> Iterator[FitFinding]:
    same = int(pairs.labels.sum())
    for count, label in ((same, "the same"), (len(pairs) - same, "not the same")):
        if count < FEW_PAIRS:
            yield FitFinding(
                name="few-of-a-label",
                text=f"{where}: only {count:,} of {len(pairs):,} pairs {_are(count)} labelled "
                f"{label}; a decision takes at least {FEW_PAIRS} of either label: label more "
                "pairs (gemel review)",
            )
    groups = len(np.unique(graph.groups[graph.left[pairs.labels]]))
    if groups < FEW_PAIRS <= same:
        yield FitFinding(
            name="few-groups",
            text=f"{where}: the {same:,} pairs labelled the same are of only {groups:,} "
            f"{'group' if groups == 1 else 'groups'} of questions; a decision takes at least "
            f"{FEW_PAIRS} to hold for others: take pairs about more topics",
        )


def _answers(
    similarity: Float[np.ndarray, "pairs"], pairs: Pairs, decision: Decision, where: str
) -> Iterator[FitFinding]:
    count = len(pairs)
    counts = np.bincount(decision.answers(similarity), minlength=len(ANSWERS))
    no, asked, yes = counts.tolist()
    verdicts = decision.is_duplicate(similarity)
    called = int(verdicts.sum())
    settings = decision.settings
    if settings.objective == "precision" and (
        not called or _precision(pairs, verdicts, decision) < settings.precision
    ):
        yield FitFinding(
            name="precision-out-of-reach",
            text=f"{where}: on these pairs no threshold has a precision of "
            f"{settings.precision:g}; next to nothing will be called the same: ask for less, or "
            "take more pairs",
        )
    elif not called:
        yield FitFinding(
            name="one-answer",
            text=f"{where}: no pair of {count:,} reaches the threshold: next to nothing will be "
            "called the same; take more pairs, or fit for another objective",
        )
    elif called == count:
        yield FitFinding(
            name="one-answer",
            text=f"{where}: all {count:,} pairs reach the threshold: nearly everything will be "
            "called the same; take more pairs labelled not the same, and harder ones (gemel mine)",
        )
    elif asked == count:
        yield FitFinding(
            name="one-answer",
            text=f"{where}: all {count:,} pairs are left to a person: next to nothing will be "
            "decided; take more pairs, or fit for another objective",
        )
    for answer, number in ((ANSWERS[2], yes), (ANSWERS[0], no)):
        if 0 < number < FEW_PAIRS and called != count:
            yield FitFinding(
                name="few-of-an-answer",
                text=f"{where}: the answer “{answer}” rests on only {number:,} of {count:,} "
                f"pairs, fewer than {FEW_PAIRS}, and may be wrong more often on others: ask for "
                "less, or take more pairs",
            )


def _precision(pairs: Pairs, verdicts: Bool[np.ndarray, "pairs"], decision: Decision) -> float:
    """Return the precision, weighted for the decision's prevalence."""
    weights = prior_weights(pairs.labels, decision.settings.prevalence)
    return count_confusion(verdicts, pairs.labels, weights).precision


def _easy_negatives(
    similarity: Float[np.ndarray, "pairs"],
    pairs: Pairs,
    decision: Decision,
    neighbours: Float[np.ndarray, "questions"],
    where: str,
) -> Iterator[FitFinding]:
    if len(neighbours) < FEW_PAIRS:
        return
    near = float(decision.is_duplicate(neighbours).mean())
    labelled = float(decision.is_duplicate(similarity[~pairs.labels]).mean())
    if near >= _MANY and near >= _EASIER * labelled:
        yield FitFinding(
            name="easy-negatives",
            text=f"{where}: the negatives are much easier than what gemel check will judge: of "
            f"the questions' nearest neighbours that no pair labels the same, {near:.0%} would be "
            f"called the same, of the labelled negatives {labelled:.1%}. Unless those neighbours "
            "are the same, take mined (gemel mine) or reviewed (gemel review) negatives",
        )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _name(pairs: Pairs) -> str:
    return str(pairs.path or "pairs")
