import numpy as np
import pytest

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.errors import DataError
from gemel.evaluation import fit_decision, refit


def make(count=200, seed=0, prevalence=0.3):
    random = np.random.default_rng(seed)
    labels = random.random(count) < prevalence
    scores = 0.4 * labels + 0.3 * random.normal(size=count)
    return Pairs.of(
        [f"a{n}" for n in range(count)], [f"b{n}" for n in range(count)], labels
    ), scores


def test_both_decisions_judge_the_new_pairs():
    earlier, scores = make(seed=1, prevalence=0.8)
    before = fit_decision(scores, earlier)
    pairs, scores = make()
    settings = DecisionConfig(objective="f1")
    found = refit(pairs, lambda left, right: scores, before, settings)
    assert found.decision == fit_decision(scores, pairs, settings)
    assert found.before.decisions == (before,)
    for judged in (found.before, found.after):
        (decision,) = judged.decisions
        np.testing.assert_array_equal(judged.verdicts, scores >= decision.threshold)
    assert found.after.confusion.f1 > found.before.confusion.f1


def test_the_scorer_is_asked_once():
    pairs, scores = make()
    calls = []

    def score(left, right):
        calls.append(len(left))
        return scores

    refit(pairs, score, fit_decision(scores, pairs), DecisionConfig())
    assert calls == [200]


def test_one_label_is_refused():
    pairs, scores = make()
    decision = fit_decision(scores, pairs)
    ones = pairs.select(pairs.labels)
    with pytest.raises(DataError, match="both labels"):
        refit(ones, lambda left, right: scores[pairs.labels], decision, DecisionConfig())
