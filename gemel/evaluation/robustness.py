"""Robustness of verdicts: to perturbed questions, and on pairs that depend on one word."""

import csv
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from gemel.config import require_whole
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.errors import DataError
from gemel.evaluation.judged_pairs import Score
from gemel.samples import PROBES
from gemel.text import Progress, edit_once

_NUMBER = re.compile(r"\d+")
_MARKS = re.escape('.,;:!?…"“”„«»()[]{}¿¡。，！？；：、「」『』（）؟،؛।')
_WORD = re.compile(rf"[^\s{_MARKS}](?:\S*[^\s{_MARKS}])?")
_APOSTROPHES = "`´ʼ"  # which Unicode counts among symbols and letters
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACES = {  # every row is half a key further right than the one above
    key: (row, column + row / 2)
    for row, keys in enumerate(_KEYS)
    for column, key in enumerate(keys)
}
_ADJACENT = {
    key: "".join(
        other
        for other, (row, column) in _PLACES.items()
        if other != key and abs(row - place[0]) <= 1 and abs(column - place[1]) <= 1
    )
    for key, place in _PLACES.items()
}
_ADJACENT |= {key.upper(): keys.upper() for key, keys in _ADJACENT.items()}


def edit_twice(text: str, random: np.random.Generator) -> str:
    """Make two edits."""
    return edit_once(edit_once(text, random), random)


def slip_on_keyboard(text: str, random: np.random.Generator) -> str:
    """Replace one letter a to z by its neighbour on a QWERTY keyboard."""
    places = [place for place, letter in enumerate(text) if letter in _ADJACENT]
    if not places:
        return text
    place = places[_pick(places, random)]
    keys = _ADJACENT[text[place]]
    return text[:place] + keys[_pick(keys, random)] + text[place + 1 :]


def raise_case(text: str, random: np.random.Generator) -> str:
    """Convert to upper case."""
    return text.upper()


def drop_punctuation(text: str, random: np.random.Generator) -> str:
    """Remove all punctuation, unless nothing would remain."""
    left = "".join(
        letter
        for letter in text
        if unicodedata.category(letter)[0] != "P" and letter not in _APOSTROPHES
    )
    return left if left.strip() else text


def swap_words(text: str, random: np.random.Generator) -> str:
    """Exchange two neighbouring words."""
    neighbours = itertools.pairwise(_WORD.finditer(text))
    swaps = [(one, two) for one, two in neighbours if one[0].lower() != two[0].lower()]
    if not swaps:
        return text
    one, two = swaps[_pick(swaps, random)]
    between = text[one.end() : two.start()]
    return text[: one.start()] + two[0] + between + one[0] + text[two.end() :]


def change_numbers(text: str, random: np.random.Generator) -> str:
    """Replace every run of digits by another of the same length, without new leading zeros."""
    return _NUMBER.sub(lambda found: _another(found[0], random), text)


def _another(digits: str, random: np.random.Generator) -> str:
    old = [unicodedata.decimal(digit) for digit in digits]
    new = old
    while new == old:
        first = random.integers(1 if old[0] else 0, 10)
        new = [int(first), *random.integers(10, size=len(old) - 1).tolist()]
    shifted = zip(digits, old, new, strict=True)
    return "".join(chr(ord(digit) - was + becomes) for digit, was, becomes in shifted)


def _pick(options: Sequence[object], random: np.random.Generator) -> int:
    return int(random.integers(len(options)))


def numbers(text: str) -> list[str]:
    """Return every run of digits, in order, as ASCII."""
    return [
        "".join(str(unicodedata.decimal(digit)) for digit in digits)
        for digits in _NUMBER.findall(text)
    ]


@dataclass(frozen=True)
class Perturbation:
    """A change of a question."""

    name: str
    description: str
    change: Callable[[str, np.random.Generator], str]
    keeps_meaning: bool = True


PERTURBATIONS = (
    Perturbation("one_edit", "a letter inserted, deleted or replaced, or two swapped", edit_once),
    Perturbation("two_edits", "two such edits", edit_twice),
    Perturbation(
        "keyboard_slip", "a letter becomes its neighbour on the keyboard", slip_on_keyboard
    ),
    Perturbation("upper_case", "all in upper case", raise_case),
    Perturbation("lost_punctuation", "all punctuation removed", drop_punctuation),
    Perturbation("word_order", "two neighbouring words change places", swap_words),
    Perturbation(
        "numbers",
        "every number of the second question becomes another one",
        change_numbers,
        keeps_meaning=False,
    ),
)
"""All perturbations, in the order of a report."""

_SETS = (
    ("details", "a number, a name or a place", ("number", "name", "place")),
    ("relations", "an order, a negation or a comparison", ("order", "negation", "comparison")),
)


@dataclass(frozen=True, kw_only=True)
class ProbeKind:
    """Result for one kind of probes: hand-written pairs that depend on one word."""

    name: str
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
    kinds: tuple[ProbeKind, ...]


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
    all_labels = np.array([row["is_duplicate"] == "1" for row in rows])
    kinds = np.array([row["kind"] for row in rows])
    similarity = score([row["question1"] for row in rows], [row["question2"] for row in rows])
    all_verdicts = decision.is_duplicate(similarity)

    def measure(name: str, members: Sequence[str]) -> ProbeKind:
        chosen = np.isin(kinds, members)
        labels, verdicts = all_labels[chosen], all_verdicts[chosen]
        return ProbeKind(
            name=name,
            different=int((~labels).sum()),
            told_apart=float((~verdicts[~labels]).mean()),
            same=int(labels.sum()),
            kept_together=float(verdicts[labels].mean()),
            accuracy=float((verdicts == labels).mean()),
        )

    return tuple(
        ProbeSet(
            **vars(measure(name, members)),
            description=description,
            kinds=tuple(measure(kind, [kind]) for kind in members),
        )
        for name, description, members in _SETS
    )


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Effect of a perturbation on the pairs that it changes; None if it changes none.

    For numbers, the right verdict is "not the same", before the change too.
    """

    name: str
    description: str
    pairs: int
    """Number of changed pairs."""
    accuracy_before: float | None = None
    """Share of right verdicts."""
    accuracy_after: float | None = None
    mean_change: float | None = None
    """Mean change of similarity."""
    mean_absolute_change: float | None = None
    flipped: float | None = None
    """Share of changed verdicts."""


@dataclass(frozen=True, kw_only=True)
class Symmetry:
    """Symmetry of verdicts, which must hold."""

    pairs: int
    failures: int
    """Changed verdicts."""
    largest_difference: float
    """Largest difference of similarities."""


@dataclass(frozen=True, kw_only=True)
class IdenticalQuestions:
    """Verdicts on a question and itself, which must be the same."""

    questions: int
    failures: int
    """Number called not the same."""
    lowest_similarity: float


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
    identity: IdenticalQuestions
    probes: tuple[ProbeSet, ...]


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
    steps = itertools.count(1)

    def step() -> None:
        done = next(steps)
        if progress is not None:
            progress("typing questions differently", done, len(PERTURBATIONS) + 4)

    left, right = pairs.left_texts, pairs.right_texts
    before = score(left, right)
    step()
    swapped = score(right, left)
    step()
    alike = score(pairs.texts, pairs.texts)
    step()
    effects = []
    for perturbation in PERTURBATIONS:
        effects.append(_measure(perturbation, pairs, before, score, decision, seed))
        step()
    probes = measure_probes(score, decision)
    step()
    return Robustness(
        pairs=len(pairs),
        of=of,
        seed=seed,
        effects=tuple(effects),
        symmetry=Symmetry(
            pairs=len(pairs),
            failures=int((decision.is_duplicate(before) != decision.is_duplicate(swapped)).sum()),
            largest_difference=float(np.abs(_change(before, swapped)).max()),
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
    changed = {
        row: new
        for row, old in enumerate(zip(pairs.left_texts, pairs.right_texts, strict=True))
        if (new := _type_differently(perturbation, *old, seed)) != old
    }
    name, description = perturbation.name, perturbation.description
    if not changed:
        return Effect(name=name, description=description, pairs=0)
    rows = list(changed)
    left, right = map(list, zip(*changed.values(), strict=True))
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
        parts = map(str, (seed, perturbation.name, side, left, right))
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
        return perturbation.change(text, np.random.default_rng(int.from_bytes(digest)))

    if perturbation.keeps_meaning:
        return change("left", left), change("right", right)
    changed = change("right", right)
    alike = sorted(numbers(changed)) == sorted(numbers(left))
    return left, (right if alike else changed)


def _change(
    before: Float[np.ndarray, "pairs"], after: Float[np.ndarray, "pairs"]
) -> Float64[np.ndarray, "pairs"]:
    return after.astype(np.float64) - before.astype(np.float64)
