"""How a scorer holds out when the same questions are typed differently."""

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
    """What one way to type questions differently does; None where it changed no pair.

    All figures are of the changed pairs only.
    """

    name: str
    """Of the perturbation."""
    description: str
    """What it does, in plain words."""
    pairs: int
    """How many pairs it changed."""
    accuracy_before: float | None = None
    """Share of right verdicts on them as they were; for numbers, of the verdict "not the same"."""
    accuracy_after: float | None = None
    """Share of right verdicts once changed; for numbers, "not the same" is the right one."""
    mean_change: float | None = None
    """Mean of similarity after minus before."""
    mean_absolute_change: float | None = None
    """Mean of the change whatever its direction."""
    flipped: float | None = None
    """Share of verdicts that are not what they were."""


@dataclass(frozen=True, kw_only=True)
class Symmetry:
    """Whether it matters which of two questions is first; it must not."""

    pairs: int
    """How many pairs were inverted."""
    failures: int
    """How many got another verdict."""
    largest_difference: float
    """Of two similarities of the same pair."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whether a question is the same as itself; it must be."""

    questions: int
    """How many different questions were compared with themselves."""
    failures: int
    """How many were called not the same."""
    lowest_similarity: float
    """Of a question with itself."""


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """How a scorer holds out when questions are typed differently."""

    pairs: int
    """How many pairs were measured."""
    of: int
    """How many there were; if more than were measured, those are a random sample."""
    seed: int
    """Of the sample and of the changes."""
    effects: tuple[Effect, ...]
    """One for each of `PERTURBATIONS`."""
    symmetry: Symmetry
    """The check on the order of two questions."""
    identity: Identity
    """The check on equal questions."""
    probes: tuple[ProbeSet, ...]
    """The hand-written pairs that turn on one word; the same ones whatever was measured."""


def measure_robustness(
    pairs: Pairs,
    score: Score,
    decision: Decision,
    *,
    limit: int = 2000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Robustness:
    """Type both questions of every pair differently, and see what that does to the verdicts.

    Numbers are changed in the second question only, and the right verdict is then "not the same"
    whatever the label: accuracy is its share, before and after. A pair that names the same numbers
    only since the change does not count. The probes that ship with gemel are judged as they are.

    Args:
        pairs: labelled pairs; one label is enough.
        score: gives similarities; asked about all pairs at once, ten times, and about the probes.
        decision: gives verdicts.
        limit: of more pairs than this, that many are drawn at random.
        seed: of the sample and of the changes; how a pair is changed depends on no other pair.
        progress: `progress(done, total)` callback,, of how often, the scorer was asked.

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
        identity=Identity(
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
    """Change both questions, or, if that makes it another question, the second one."""

    def change(side: str, text: str) -> str:
        return perturbation.change(text, _random(seed, perturbation.name, side, left, right))

    if perturbation.keeps_meaning:
        return change("left", left), change("right", right)
    changed = change("right", right)
    alike = sorted(numbers(changed)) == sorted(numbers(left))
    return left, (right if alike else changed)


def _random(*parts: object) -> np.random.Generator:
    """Make a generator for one question of one pair, whatever other pairs there are."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text).digest()))


def _change(
    before: Float[np.ndarray, "pairs"], after: Float[np.ndarray, "pairs"]
) -> Float64[np.ndarray, "pairs"]:
    return after.astype(np.float64) - before.astype(np.float64)
