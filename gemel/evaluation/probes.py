"""Hand-written pairs that depend on one word."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from gemel.decision import Decision
from gemel.evaluation.judged_pairs import Score
from gemel.samples import PROBES

_SETS = (
    ("details", "a number, a name or a place", ("number", "name", "place")),
    ("relations", "an order, a negation or a comparison", ("order", "negation", "comparison")),
)


@dataclass(frozen=True, kw_only=True)
class ProbeKind:
    """Result for one kind of pairs."""

    name: str
    """Word that the pairs depend on."""
    different: int
    """Pairs of different questions."""
    told_apart: float
    """Share of these called not the same."""
    same: int
    """Pairs that ask the same in other words: the controls."""
    kept_together: float
    """Share of these called the same."""
    accuracy: float
    """Share of right verdicts on all."""


@dataclass(frozen=True, kw_only=True)
class ProbeSet(ProbeKind):
    """Result for a set of kinds."""

    description: str
    """Description."""
    kinds: tuple[ProbeKind, ...]
    """Results by kind."""


def measure_probes(score: Score, decision: Decision) -> tuple[ProbeSet, ...]:
    """Judge the probes that ship with gemel: 400 pairs on everyday topics.

    Args:
        score: returns similarities; called once.
        decision: the decision.

    Returns:
        `details` (number, name, place) and `relations` (order, negation, comparison).
    """
    with PROBES.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    labels = np.array([row["is_duplicate"] == "1" for row in rows])
    kinds = np.array([row["kind"] for row in rows])
    similarity = score([row["question1"] for row in rows], [row["question2"] for row in rows])
    verdicts = decision.is_duplicate(similarity)

    def measure(name: str, members: Sequence[str]) -> ProbeKind:
        chosen = np.isin(kinds, members)
        return _measure(name, verdicts[chosen], labels[chosen])

    return tuple(
        ProbeSet(
            **vars(measure(name, members)),
            description=description,
            kinds=tuple(measure(kind, [kind]) for kind in members),
        )
        for name, description, members in _SETS
    )


def _measure(
    name: str, verdicts: Bool[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]
) -> ProbeKind:
    return ProbeKind(
        name=name,
        different=int((~labels).sum()),
        told_apart=float((~verdicts[~labels]).mean()),
        same=int(labels.sum()),
        kept_together=float(verdicts[labels].mean()),
        accuracy=float((verdicts == labels).mean()),
    )
