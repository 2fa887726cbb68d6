"""How a scorer does on the hand-written pairs that turn on one word."""

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
    """What became of the pairs of one kind."""

    name: str
    """What the two questions of a pair turn on."""
    different: int
    """How many pairs ask something else each."""
    told_apart: float
    """Share of these that were called not the same."""
    same: int
    """How many pairs ask the same in other words: the controls."""
    kept_together: float
    """Share of these that were called the same."""
    accuracy: float
    """Share of right verdicts on all of them."""


@dataclass(frozen=True, kw_only=True)
class ProbeSet(ProbeKind):
    """What became of a set of pairs, and of those of each kind in it."""

    description: str
    """What its pairs turn on, in plain words."""
    kinds: tuple[ProbeKind, ...]
    """The same figures, kind by kind."""


def measure_probes(score: Score, decision: Decision) -> tuple[ProbeSet, ...]:
    """Judge the probes that ship with gemel, four hundred pairs on everyday topics.

    Args:
        score: gives similarities; asked about all of them at once.
        decision: gives verdicts.

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
