"""Robustness of verdicts to perturbed questions."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from gemel.config import require_whole
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.errors import DataError
from gemel.evaluation.judged_pairs import Score
from gemel.evaluation.perturbations import PERTURBATIONS, Perturbation, numbers
from gemel.evaluation.probes import ProbeSet, measure_probes
from gemel.text import Progress


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Effect of a perturbation on the pairs that it changes; None if it changes none."""

    name: str
    """Name of the perturbation."""
    description: str
    """Description."""
    pairs: int
    """Number of changed pairs."""
    accuracy_before: float | None = None
    """Share of right verdicts before; for numbers, of the verdict "not the same"."""
    accuracy_after: float | None = None
    """Share of right verdicts after; for numbers, of "not the same"."""
    mean_change: float | None = None
    """Mean change of similarity."""
    mean_absolute_change: float | None = None
    """Mean absolute change of similarity."""
    flipped: float | None = None
    """Share of changed verdicts."""


@dataclass(frozen=True, kw_only=True)
class Symmetry:
    """Symmetry of verdicts, which must hold."""

    pairs: int
    """Pairs that were exchanged."""
    failures: int
    """Changed verdicts."""
    largest_difference: float
    """Largest difference of similarities."""


@dataclass(frozen=True, kw_only=True)
class IdenticalQuestions:
    """Verdicts on a question and itself, which must be the same."""

    questions: int
    """Number of questions."""
    failures: int
    """Number called not the same."""
    lowest_similarity: float
    """Lowest similarity."""


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """Robustness of a scorer."""

    pairs: int
    """Pairs that were measured."""
    of: int
    """All pairs; if more, the measured ones are a sample."""
    seed: int
    """Seed of the sample and of the changes."""
    effects: tuple[Effect, ...]
    """One for each of `PERTURBATIONS`."""
    symmetry: Symmetry
    """Symmetry in the two questions."""
    identity: IdenticalQuestions
    """Verdicts on equal questions."""
    probes: tuple[ProbeSet, ...]
    """Hand-written pairs, independent of the measured ones."""


def measure_robustness(
    pairs: Pairs,
    score: Score,
    decision: Decision,
    *,
    limit: int = 2000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Robustness:
    """Perturb both questions of every pair, and measure the effect on verdicts.

    Numbers are changed in the second question only; the right verdict is then "not the same". Pairs
    that have equal numbers only after the change are left out. The probes are judged unchanged.

    Args:
        pairs: labelled pairs; one label suffices.
        score: returns similarities; called about ten times.
        decision: the decision.
        limit: maximum number of pairs; more are sampled.
        seed: seed of the sample and of the changes.
        progress: callback `progress(done, total)` in calls of `score`.

    Raises:
        ValueError: a limit below 1.
        DataError: there are no pairs.
    """
    require_whole("limit", limit, 1)
    of = len(pairs)
    if not of:
        raise DataError("there are no pairs to type differently", path=pairs.path)
    if of > limit:
        chosen = np.zeros(of, bool)
        chosen[np.random.default_rng(seed).choice(of, limit, replace=False)] = True
        pairs = pairs.select(chosen)
    steps = len(PERTURBATIONS) + 4

    def step(done: int) -> None:
        if progress is not None:
            progress("typing questions differently", done, steps)

    left, right = pairs.left_texts, pairs.right_texts
    before = score(left, right)
    step(1)
    turned = score(right, left)
    step(2)
    alike = score(pairs.texts, pairs.texts)
    step(3)
    effects = []
    for perturbation in PERTURBATIONS:
        effects.append(_measure(perturbation, pairs, before, score, decision, seed))
        step(3 + len(effects))
    probes = measure_probes(score, decision)
    step(steps)
    return Robustness(
        pairs=len(pairs),
        of=of,
        seed=seed,
        effects=tuple(effects),
        symmetry=Symmetry(
            pairs=len(pairs),
            failures=int((decision.is_duplicate(before) != decision.is_duplicate(turned)).sum()),
            largest_difference=float(np.abs(_change(before, turned)).max()),
        ),
        identity=IdenticalQuestions(
            questions=len(pairs.texts),
            failures=int((~decision.is_duplicate(alike)).sum()),
            lowest_similarity=float(alike.min()),
        ),
        probes=probes,
    )


def _measure(
    perturbation: Perturbation,
    pairs: Pairs,
    before: Float[np.ndarray, "pairs"],
    score: Score,
    decision: Decision,
    seed: int,
) -> Effect:
    rows: list[int] = []
    left: list[str] = []
    right: list[str] = []
    for row, ends in enumerate(zip(pairs.left_texts, pairs.right_texts, strict=True)):
        one, two = _type_differently(perturbation, *ends, seed)
        if (one, two) != ends:
            rows.append(row)
            left.append(one)
            right.append(two)
    name, description = perturbation.name, perturbation.description
    if not rows:
        return Effect(name=name, description=description, pairs=0)
    was, becomes = before[rows], score(left, right)
    verdict_was, verdict_becomes = decision.is_duplicate(was), decision.is_duplicate(becomes)
    labels = pairs.labels[rows] & perturbation.keeps_meaning
    change = _change(was, becomes)
    return Effect(
        name=name,
        description=description,
        pairs=len(rows),
        accuracy_before=float((verdict_was == labels).mean()),
        accuracy_after=float((verdict_becomes == labels).mean()),
        mean_change=float(change.mean()),
        mean_absolute_change=float(np.abs(change).mean()),
        flipped=float((verdict_was != verdict_becomes).mean()),
    )


def _type_differently(
    perturbation: Perturbation, left: str, right: str, seed: int
) -> tuple[str, str]:
    """Change both questions, or the second one where that makes another question."""

    def change(side: str, text: str) -> str:
        return perturbation.change(text, _random(seed, perturbation.name, side, left, right))

    if perturbation.keeps_meaning:
        return change("left", left), change("right", right)
    changed = change("right", right)
    alike = sorted(numbers(changed)) == sorted(numbers(left))
    return left, (right if alike else changed)


def _random(*parts: object) -> np.random.Generator:
    """Return a random generator for one question of one pair."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text).digest()))


def _change(
    before: Float[np.ndarray, "pairs"], after: Float[np.ndarray, "pairs"]
) -> Float64[np.ndarray, "pairs"]:
    return after.astype(np.float64) - before.astype(np.float64)
