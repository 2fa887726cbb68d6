import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.errors import DataError
from gemel.evaluation import PERTURBATIONS, measure_probes, measure_robustness
from gemel.evaluation.robustness import numbers

DECISION = Decision(
    threshold=0.5,
    lower=0.5,
    upper=0.5,
    slope=1.0,
    intercept=0.0,
    settings=DecisionConfig(),
    pairs=1,
    prevalence=0.5,
    data="",
)
CHECKS = 3  # the pairs as they are, with sides swapped, and each question with itself
FIGURES = ("accuracy_before", "accuracy_after", "mean_change", "mean_absolute_change", "flipped")
words = st.sampled_from(["How", "old", "is", "2FA", "7", "iPhone", "don't", "?", "ПОЧЕМУ", "中文"])
texts = st.lists(words, max_size=6).map(" ".join)
rows = st.lists(st.tuples(texts, texts, st.booleans()), min_size=1, max_size=6)


def alike(one, two):
    """Share of characters in common; case and every mark count."""
    common = sum(min(one.count(letter), two.count(letter)) for letter in {*one, *two})
    return 2 * common / (len(one) + len(two)) if one or two else 1.0


class Scorer:
    """Scores by a plain function, and keeps what it was asked."""

    def __init__(self, similarity=alike, kind=np.float64):
        self.similarity = similarity
        self.kind = kind
        self.calls = []

    def __call__(self, left, right):
        self.calls.append(list(zip(left, right, strict=True)))
        return np.array([self.similarity(*pair) for pair in self.calls[-1]], self.kind)


def pairs_of(rows):
    left, right, labels = zip(*rows, strict=True)
    return Pairs.of(left, right, labels)


def numbered(count):
    return pairs_of(
        [(f"How old is number {n}?", f"What is the age of {n}?", n % 3 == 0) for n in range(count)]
    )


def typed_alone(row, seed):
    """What each perturbation makes of a pair that is measured alone; None if it leaves it alone."""
    scorer = Scorer()
    result = measure_robustness(pairs_of([row]), scorer, DECISION, seed=seed)
    calls = iter(scorer.calls[CHECKS:])
    return [next(calls)[0] if effect.pairs else None for effect in result.effects]


@settings(max_examples=30)
@given(rows, st.integers(0, 5))
def test_figures_are_those_of_a_slow_loop_whatever_other_pairs_there_are(rows, seed):
    result = measure_robustness(pairs_of(rows), Scorer(), DECISION, seed=seed)
    typed = [typed_alone(row, seed) for row in rows]
    for number, (effect, perturbation) in enumerate(
        zip(result.effects, PERTURBATIONS, strict=True)
    ):
        right_before = right_after = flipped = pairs = 0
        changes = []
        for (left, right, label), changed in zip(rows, typed, strict=True):
            if changed[number] is None:
                continue
            one, two = changed[number]
            assert (one, two) != (left, right)
            if not perturbation.keeps_meaning:
                assert one == left
                assert sorted(numbers(two)) != sorted(numbers(left))
                label = False
            before, after = alike(left, right), alike(one, two)
            pairs += 1
            right_before += (before >= 0.5) == label
            right_after += (after >= 0.5) == label
            flipped += (before >= 0.5) != (after >= 0.5)
            changes.append(after - before)
        assert (effect.name, effect.pairs) == (perturbation.name, pairs)
        assert effect.description == perturbation.description
        figures = [getattr(effect, name) for name in FIGURES]
        if not pairs:
            assert figures == [None] * 5
            continue
        expected = [right_before, right_after, sum(changes), sum(map(abs, changes)), flipped]
        assert figures == pytest.approx([total / pairs for total in expected])


def test_upper_case_by_hand():
    pairs = pairs_of([("ab", "ab", True), ("ab", "AB", False), ("AB", "AB", True)])
    scorer = Scorer(lambda one, two: float(one == two) - 0.25 * one.isupper())
    effect = {one.name: one for one in measure_robustness(pairs, scorer, DECISION).effects}[
        "upper_case"
    ]
    assert effect.pairs == 2  # 1.0 to 0.75 and, no longer told apart, 0.0 to 0.75
    assert (effect.accuracy_before, effect.accuracy_after, effect.flipped) == (1.0, 0.5, 0.5)
    assert (effect.mean_change, effect.mean_absolute_change) == (0.25, 0.5)


def test_with_another_number_no_pair_is_the_same():
    rows = [("in 1984?", "in 1984", True), ("in 1984?", "in 2024", False), ("now", "now", True)]
    scorer = Scorer(lambda one, two: float(numbers(one) == numbers(two)))
    effect = measure_robustness(pairs_of(rows), scorer, DECISION).effects[-1]
    assert effect.name == "numbers"
    assert (effect.pairs, effect.accuracy_before, effect.accuracy_after) == (2, 0.5, 1.0)
    blind = measure_robustness(pairs_of(rows), Scorer(lambda *_: 1.0), DECISION).effects[-1]
    assert (blind.accuracy_before, blind.accuracy_after, blind.flipped) == (0.0, 0.0, 0.0)


def test_pairs_that_a_new_number_makes_alike_do_not_count():
    rows = [(f"is {n} odd", "is 5 odd", False) for n in "1234"]
    results = [
        measure_robustness(pairs_of(rows), scorer, DECISION, seed=seed).effects[-1]
        for seed in range(10)
        for scorer in [Scorer(lambda one, two: float(one == two))]
    ]
    assert {effect.accuracy_after for effect in results} == {1.0}
    assert any(effect.pairs < 4 for effect in results)


def test_of_many_pairs_a_sample_is_taken():
    pairs, scorer = numbered(60), Scorer()
    result = measure_robustness(pairs, scorer, DECISION, limit=20, seed=3)
    assert (result.pairs, result.of, result.seed) == (20, 60, 3)
    assert result.symmetry.pairs == 20
    asked = scorer.calls[0]
    assert len(set(asked)) == 20
    assert set(asked) <= set(zip(pairs.left_texts, pairs.right_texts, strict=True))
    assert {text for pair in scorer.calls[2] for text in pair} == {
        q for pair in asked for q in pair
    }
    other = Scorer()
    measure_robustness(pairs, other, DECISION, limit=20, seed=4)
    assert set(other.calls[0]) != set(asked)
    whole = measure_robustness(pairs, Scorer(), DECISION, limit=60)
    assert (whole.pairs, whole.of) == (60, 60)


def test_a_seed_repeats_everything():
    def asked(seed):
        scorer = Scorer()
        return asdict(
            measure_robustness(numbered(20), scorer, DECISION, limit=15, seed=seed)
        ), scorer.calls

    assert asked(1) == asked(1)
    assert asked(1)[1] != asked(2)[1]


def test_the_two_questions_of_a_pair_are_not_changed_alike():
    scorer = Scorer()
    question = "How do I reset my password?"
    measure_robustness(pairs_of([(question, question, True)]), scorer, DECISION)
    for ((one, two),) in scorer.calls[CHECKS : CHECKS + 3]:
        assert one != two


def test_pairs_are_scored_in_few_calls_and_progress_is_reported():
    scorer, told = Scorer(), []
    measure_robustness(
        numbered(30), scorer, DECISION, progress=lambda what, done, of: told.append((done, of))
    )
    steps = CHECKS + len(PERTURBATIONS) + 1
    lengths = [30, 30, 60, *[30] * len(PERTURBATIONS), 400]
    assert [len(call) for call in scorer.calls] == lengths
    assert told == [(step, steps) for step in range(1, steps + 1)]


def test_the_probes_are_the_same_whatever_is_measured():
    small = measure_robustness(pairs_of([("a", "b", True)]), Scorer(), DECISION, seed=1)
    large = measure_robustness(numbered(30), Scorer(), DECISION, limit=20)
    assert small.probes == large.probes == measure_probes(Scorer(), DECISION)


def test_a_scorer_that_looks_at_the_order_is_caught():
    rows = [("a", "b", True), ("b", "a", True), ("a", "a", True), ("a", "c", False)]
    scores = {("a", "b"): 0.9, ("b", "a"): 0.3, ("a", "c"): 0.2, ("c", "a"): 0.25}
    scorer = Scorer(lambda *pair: scores.get(pair, 1.0))
    result = measure_robustness(pairs_of(rows), scorer, DECISION)
    assert (result.symmetry.pairs, result.symmetry.failures) == (4, 2)
    assert result.symmetry.largest_difference == pytest.approx(0.6)
    assert result.identity.failures == 0
    fair = measure_robustness(pairs_of(rows), Scorer(), DECISION).symmetry
    assert (fair.failures, fair.largest_difference) == (0, 0.0)


def test_a_scorer_to_whom_a_question_is_not_itself_is_caught():
    scorer = Scorer(lambda one, two: 0.125 if one == two == "b" else 0.5)
    rows = [("a", "b", True), ("b", "c", False), ("b", "a", True)]
    identity = measure_robustness(pairs_of(rows), scorer, DECISION).identity
    assert (identity.questions, identity.failures, identity.lowest_similarity) == (3, 1, 0.125)
    fair = measure_robustness(pairs_of(rows), Scorer(), DECISION).identity
    assert (fair.questions, fair.failures, fair.lowest_similarity) == (3, 0, 1.0)


def test_single_precision_is_compared_in_double():
    scorer = Scorer(lambda one, two: 0.1 if one < two else 0.3, np.float32)
    result = measure_robustness(pairs_of([("a", "b", True)]), scorer, DECISION)
    exact = float(np.float32(0.3)) - float(np.float32(0.1))
    assert result.symmetry.largest_difference == exact


def test_the_result_goes_to_json_and_back():
    pairs = pairs_of([("how", "why", True)])  # no number, no mark, one word: not all can change
    result = asdict(measure_robustness(pairs, Scorer(kind=np.float32), DECISION))
    probes = [{**found, "kinds": list(found["kinds"])} for found in result["probes"]]
    assert json.loads(json.dumps(result, allow_nan=False)) == {
        **result,
        "effects": list(result["effects"]),
        "probes": probes,
    }
    unchanged = {one["name"]: one for one in result["effects"] if not one["pairs"]}
    assert set(unchanged) == {"lost_punctuation", "word_order", "numbers"}
    for effect in result["effects"]:
        for name in FIGURES:
            assert (effect[name] is None) == (effect["name"] in unchanged)
            assert effect[name] is None or math.isfinite(effect[name])


def test_one_label_is_enough_and_no_pairs_are_refused():
    assert measure_robustness(pairs_of([("a", "b", True)]), Scorer(), DECISION).pairs == 1
    with pytest.raises(DataError, match="there are no pairs"):
        measure_robustness(Pairs.of([], [], []), Scorer(), DECISION)
    with pytest.raises(ValueError, match="limit must be a whole number of 1 at least, not 0"):
        measure_robustness(numbered(2), Scorer(), DECISION, limit=0)
