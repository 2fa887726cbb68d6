import dataclasses

import numpy as np
import pytest

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.evaluation import MEANINGS, evaluate, fit_decision, in_plain_words, judge


def report_of(settings=None, noise=0.5, count=400, threshold=None, **options):
    random = np.random.default_rng(0)
    labels = random.random(count) < 0.25
    pairs = Pairs.of([f"a{n}" for n in range(count)], [f"b{n}" for n in range(count)], labels)
    scores = 0.5 * labels + noise * (random.random(count) - 0.5)
    decision = fit_decision(scores, pairs, settings)
    if threshold is not None:
        decision = dataclasses.replace(decision, threshold=threshold, upper=threshold)
    judged = judge(pairs, lambda left, right: scores, decision, **options)
    baselines = {"luck": random.random(count), "truth": labels.astype(float), "twin": scores}
    return evaluate(judged, baselines=baselines, rounds=50)


def words(report):
    return " ".join(in_plain_words(report))


def test_every_figure_has_a_meaning():
    assert set(report_of().figures) == set(MEANINGS)


def test_counts_out_of_a_hundred():
    report = report_of(noise=1.5)
    precision, recall = report.figures["precision"], report.figures["recall"]
    text = words(report)
    assert f"calls the same, {100 * precision.value:.0f} ({100 * precision.low:.0f} to" in text
    assert f"it finds {100 * recall.value:.0f} (" in text
    assert f"{report.figures['accuracy'].value:.1%} of its verdicts are right" in text
    assert f"always “not the same” would be right in {1 - report.prevalence:.1%}" in text


def test_where_most_ask_the_same_that_is_the_lazy_answer():
    report = report_of(prevalence=0.7)
    assert "always “the same” would be right in 70.0%" in words(report)


def test_a_rival_is_beaten_only_beyond_chance():
    sentences = list(in_plain_words(report_of(noise=1.5)))
    luck, truth, twin = (
        next(each for each in sentences if f" {name} " in each)
        for name in ("luck", "truth", "twin")
    )
    assert "better, and more than chance would explain" in luck
    assert "worse, and more than chance would explain" in truth
    assert "+0.000 (+0.000 to +0.000), which may be chance" in twin


def test_nothing_called_the_same_is_reported():
    assert "It calls no pair the same" in words(report_of(threshold=9.0))


def test_a_person_is_mentioned_only_where_one_is_asked():
    assert "a person" not in words(report_of())
    report = report_of(DecisionConfig(objective="costs", review_cost=0.1), noise=1.5)
    no, asked, yes = report.answers
    right = (no.pairs * (1 - no.prevalence) + yes.pairs * yes.prevalence) / (no.pairs + yes.pairs)
    assert (
        f"ask a person about {asked.pairs / 400:.1%} of the pairs; "
        f"of its other answers, {right:.1%} are right."
    ) in words(report)


@pytest.mark.parametrize(("prevalence", "said"), [(0.0, False), (0.5, True)])
def test_another_share_of_duplicates_than_it_was_fitted_for(prevalence, said):
    report = report_of(prevalence=prevalence)
    assert ("were fitted where" in words(report)) is said


def test_a_threshold_that_hands_over_pairs_is_not_what_users_meet():
    asking = DecisionConfig(objective="costs", review_cost=0.1)
    first, second, *_ = in_plain_words(report_of(asking, noise=1.5))
    assert first.startswith("It would ask a person about")
    assert "where no one can be asked" in second
    assert "nobody" not in words(report_of())


@pytest.mark.parametrize(("count", "said"), [(40, True), (400, False)])
def test_a_share_of_very_few_pairs_is_not_to_be_trusted(count, said):
    report = report_of(count=count, noise=0.1)
    called = report.confusion.true_positives
    assert report.figures["precision"].low == report.figures["precision"].high == 1
    assert (f"rest on {called:.0f} and {called:.0f} of the pairs" in words(report)) is said


def test_a_model_that_is_no_better_than_one_answer_for_all_hears_it():
    assert "which is no worse" not in words(report_of())
    assert f"right in {1 - report_of().prevalence:.1%}, which is no worse." in words(
        report_of(threshold=9.0)
    )
