"""A decision that is of no use is noticed, and one that is of use is let alone."""

import dataclasses
import warnings

import numpy as np
import pytest

from gemel.config import DecisionConfig
from gemel.data import PairGraph, Pairs
from gemel.errors import GemelWarning
from gemel.evaluation import (
    check_decision,
    check_labels,
    fit_decision,
    neighbour_similarity,
    warn_of_findings,
)

PURE = DecisionConfig(objective="precision", precision=1.0)


def apart(labels):
    """Pairs of which no two share a question."""
    count = len(labels)
    return Pairs.of([f"a{n}" for n in range(count)], [f"b{n}" for n in range(count)], labels)


def drawn(same, different, gap, seed=0):
    """Labels, and scores that lie so many standard deviations apart."""
    labels = np.arange(same + different) < same
    noise = np.random.default_rng(seed).normal(size=len(labels))
    return labels, 0.2 * (gap * labels + noise)


def names(findings):
    return [each.name for each in findings]


def found(labels, scores, settings=None, pairs=None, **options):
    pairs = pairs or apart(labels)
    return check_decision(scores, pairs, fit_decision(scores, pairs, settings), **options)


def groups(count=40, size=5):
    """Pairs of questions in groups: within one the same, between two not.

    Returns:
        Pairs, half of which ask the same, and their true labels.
    """
    random = np.random.default_rng(0)
    left, right, labels = [], [], []
    for group in range(count):
        for member in range(1, size):
            left += [f"{group} {member}", f"{group} {member}"]
            other = (group + random.integers(1, count)) % count
            right += [f"{group} {random.integers(member)}", f"{other} {random.integers(size)}"]
            labels += [True, False]
    return left, right, np.array(labels)


@pytest.mark.parametrize(
    ("same", "different", "gap"), [(100, 200, 3), (500, 500, 0.5), (188, 489, 0.35), (25, 25, 4)]
)
def test_labels_that_similarity_separates_are_let_alone(same, different, gap):
    for seed in range(5):
        labels, scores = drawn(same, different, gap, seed)
        assert check_labels(scores, apart(labels)) == ()


def test_a_good_fit_has_no_finding():
    labels, scores = drawn(200, 200, 3)
    assert found(labels, scores) == ()


@pytest.mark.parametrize(("same", "different", "gap"), [(400, 200, 0.5), (6, 6, 8), (20, 200, 2)])
def test_inverted_labels_are_distinguished_from_their_order(same, different, gap):
    labels, scores = drawn(same, different, gap)
    (finding,) = check_labels(scores, apart(~labels))
    assert finding.name == "inverted-labels"
    assert "--same 0" in finding.text
    assert "less similar" in finding.text


def test_inverted_labels_are_distinguished_from_their_chains_however_good_they_look():
    """The hard negatives are more similar than the duplicates, so that the fit looks right."""
    left, right, labels = groups()
    scores = np.random.default_rng(1).normal(size=len(labels)) - labels
    (finding,) = check_labels(scores, Pairs.of(left, right, ~labels))
    assert finding.name == "inverted-labels"
    assert "chains of pairs labelled the same link" in finding.text
    assert "less similar" not in finding.text


def test_mined_negatives_are_not_taken_for_inverted_labels():
    left, right, labels = groups()
    scores = np.random.default_rng(1).normal(size=len(labels)) - labels
    (finding,) = check_labels(scores, Pairs.of(left, right, labels))
    assert finding.name == "no-separation"
    assert "--same" not in finding.text
    assert "mined" in finding.text


@pytest.mark.parametrize("count", [10, 100, pytest.param(2000, marks=pytest.mark.slow)])
def test_labels_at_chance_are_not_taken_for_inverted_ones(count):
    """Half of the labels inverted, or a set on which the model knows nothing."""
    inverted = unseparated = 0
    for seed in range(50):
        labels, scores = drawn(count, count, 0, seed)
        kinds = names(check_labels(scores, apart(labels)))
        inverted += "inverted-labels" in kinds
        unseparated += "no-separation" in kinds
    assert inverted <= 3
    assert unseparated >= 45


def test_a_probability_that_falls_is_a_finding_even_where_the_order_is_right():
    labels, scores = drawn(100, 100, 2)
    pairs = apart(labels)
    falling = dataclasses.replace(fit_decision(scores, pairs), slope=-0.5)
    (finding,) = check_decision(scores, pairs, falling)
    assert finding.name == "no-separation"
    assert "slope -0.50" in finding.text


@pytest.mark.parametrize(("same", "different", "said"), [(300, 1, "not the same"), (3, 90, "same")])
def test_too_few_of_one_label(same, different, said):
    labels, scores = drawn(same, different, 3)
    texts = {each.name: each.text for each in found(labels, scores)}
    few = min(same, different)
    verb = "is" if few == 1 else "are"
    assert f"only {few} of {same + different} pairs {verb} labelled" in texts["few-of-a-label"]
    assert said in texts["few-of-a-label"]


@pytest.mark.parametrize(("count", "told"), [(5, True), (40, False)])
def test_many_pairs_of_few_groups_stand_for_few(count, told):
    left, right, labels = groups(count, size=80 // count + 4)
    scores = labels + 0.2 * np.random.default_rng(0).normal(size=len(labels))
    findings = found(labels, scores, pairs=Pairs.of(left, right, labels))
    assert names(findings) == ["few-groups"] * told
    assert f"only {count} groups" in str(findings) or not told


def test_one_answer_for_all():
    labels, scores = drawn(300, 100, 1)
    pairs = apart(labels)
    fitted = fit_decision(scores, pairs)
    for cut, said in ((-9.0, "all 400 pairs reach"), (9.0, "no pair of 400 reaches")):
        decision = dataclasses.replace(fitted, lower=cut, threshold=cut, upper=cut)
        (finding,) = check_decision(scores, pairs, decision)
        assert finding.name == "one-answer"
        assert said in finding.text
    asking = dataclasses.replace(fitted, lower=-9.0, upper=9.0)
    (finding,) = check_decision(scores, pairs, asking)
    assert "left to a person" in finding.text


def ranked(top):
    """Pairs in the order of their scores, every other one the same below the top ones."""
    labels = (np.arange(100) < top) | (np.arange(100) % 2 == 0)
    return labels, 1 - np.arange(100) / 100


def test_an_answer_that_rests_on_few_pairs():
    few = "“the same” rests on only 11 of 100 pairs"
    assert few in str(found(*ranked(10), PURE))
    assert "“the same” rests on" not in str(found(*ranked(50), PURE))


def test_a_precision_out_of_reach():
    labels, scores = ranked(50)
    labels[0] = False
    assert "precision-out-of-reach" in names(found(labels, scores, PURE))


def test_negatives_that_are_easier_than_the_neighbours():
    labels, scores = drawn(200, 200, 5)
    near = np.full(100, 0.9)
    (finding,) = found(labels, scores, neighbours=near)
    assert finding.name == "easy-negatives"
    assert "100% would be called the same, of the labelled negatives" in finding.text
    as_hard = scores[~labels]
    assert found(labels, scores, neighbours=as_hard) == ()
    assert found(labels, scores, neighbours=near[:5]) == ()


def test_the_nearest_question_of_another_group():
    pairs = Pairs.of(["a", "b", "c"], ["A2", "c", "d"], [True, False, False])
    graph = PairGraph.of(pairs)
    assert graph.questions == ["a", "a2", "b", "c", "d"]
    angles = {"a": 0.0, "A2": 0.1, "b": 0.3, "c": 0.8, "d": 1.2}
    seen = []

    def encode(texts):
        turns = np.array([angles[text] for text in texts])
        return np.stack([np.cos(turns), np.sin(turns)], axis=1)

    def score(left, right):
        seen.extend(zip(left, right, strict=True))
        return np.array([angles[right_] for right_ in right])

    similarity = neighbour_similarity(pairs, graph, encode, score)
    assert seen == [("a", "b"), ("A2", "b"), ("b", "A2"), ("c", "d"), ("d", "c")]
    assert similarity.tolist() == [0.3, 0.3, 0.1, 1.2, 0.8]
    one = Pairs.of(["a"], ["b"], [True])
    assert len(neighbour_similarity(one, PairGraph.of(one), encode, score)) == 0


def test_of_many_questions_some_are_looked_at():
    pairs = apart(np.zeros(3000, bool))
    graph = PairGraph.of(pairs)
    asked = []

    def encode(texts):
        asked.append(len(texts))
        return np.random.default_rng(0).normal(size=(len(texts), 8)).astype(np.float32)

    neighbour_similarity(pairs, graph, encode, lambda left, right: np.zeros(len(left)))
    assert asked == [2000]


def test_findings_become_warnings():
    labels, scores = drawn(100, 100, 2)
    with pytest.warns(GemelWarning, match="inverted"):
        warn_of_findings(check_labels(scores, apart(~labels)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_findings(check_labels(scores, apart(labels)))
