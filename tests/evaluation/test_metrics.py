import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from gemel.evaluation import Ranking, count_confusion
from gemel.evaluation.metrics import interval

numbers = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]) | st.floats(-1, 1)


@st.composite
def scored(draw):
    """Scores with ties, labels of both kinds, weights of which some are 0."""
    rows = draw(
        st.lists(st.tuples(numbers, st.booleans(), st.integers(0, 6)), min_size=2, max_size=20)
    )
    scores, labels, weights = (np.array(column) for column in zip(*rows, strict=True))
    labels[0], labels[1] = True, False
    weights[:2] = np.maximum(weights[:2], 1)
    return scores, labels, weights / 4


@given(scored())
def test_ranking_is_as_in_scikit_learn(data):
    scores, labels, weights = data
    ranking = Ranking(scores, labels)
    for given_weights in (None, weights):
        assert ranking.average_precision(given_weights) == pytest.approx(
            sklearn.metrics.average_precision_score(labels, scores, sample_weight=given_weights)
        )
        assert ranking.roc_auc(given_weights) == pytest.approx(
            sklearn.metrics.roc_auc_score(labels, scores, sample_weight=given_weights)
        )


@given(scored())
def test_a_weight_is_as_many_copies(data):
    scores, labels, quarters = data
    weights = 4 * quarters
    copies = Ranking(np.repeat(scores, weights.astype(int)), np.repeat(labels, weights.astype(int)))
    ranking = Ranking(scores, labels)
    assert ranking.roc_auc(weights) == pytest.approx(copies.roc_auc())
    assert ranking.average_precision(weights) == pytest.approx(copies.average_precision())


@given(scored())
def test_the_order_of_ties_makes_no_difference(data):
    scores, labels, _ = data
    ranking, turned = Ranking(scores, labels), Ranking(scores[::-1], labels[::-1])
    assert ranking.average_precision() == turned.average_precision()
    assert ranking.roc_auc() == turned.roc_auc()


@given(scored())
def test_counts_are_those_of_every_cut(data):
    scores, labels, weights = data
    positives, negatives = Ranking(scores, labels).counts(weights)
    cuts = sorted(set(scores.tolist()), reverse=True)
    assert positives.tolist() == [weights[labels & (scores >= cut)].sum() for cut in cuts]
    assert negatives.tolist() == [weights[~labels & (scores >= cut)].sum() for cut in cuts]


def test_one_label_has_no_ranking():
    scores = np.array([0.1, 0.2])
    assert np.isnan(Ranking(scores, np.array([False, False])).average_precision())
    for label in (False, True):
        assert np.isnan(Ranking(scores, np.array([label, label])).roc_auc())


@given(scored(), st.floats(-1, 1), st.booleans())
def test_confusion_is_as_in_scikit_learn(data, threshold, weighted):
    scores, labels, weights = data
    verdicts = scores >= threshold
    weights = weights if weighted else None
    confusion = count_confusion(verdicts, labels, weights)
    (tn, fp), (fn, tp) = sklearn.metrics.confusion_matrix(
        labels, verdicts, sample_weight=weights, labels=[False, True]
    )
    assert (confusion.true_negatives, confusion.false_positives) == (tn, fp)
    assert (confusion.false_negatives, confusion.true_positives) == (fn, tp)
    options = {"sample_weight": weights, "zero_division": 0}
    assert confusion.precision == pytest.approx(
        sklearn.metrics.precision_score(labels, verdicts, **options)
    )
    assert confusion.recall == pytest.approx(
        sklearn.metrics.recall_score(labels, verdicts, **options)
    )
    assert confusion.f1 == pytest.approx(sklearn.metrics.f1_score(labels, verdicts, **options))
    assert confusion.mcc == pytest.approx(
        sklearn.metrics.matthews_corrcoef(labels, verdicts, sample_weight=weights)
    )
    assert confusion.accuracy == pytest.approx(
        sklearn.metrics.accuracy_score(labels, verdicts, sample_weight=weights)
    )


def test_confusion_of_nothing_is_zero():
    nothing = count_confusion(np.zeros(0, bool), np.zeros(0, bool))
    assert (nothing.accuracy, nothing.precision, nothing.recall) == (0, 0, 0)
    assert (nothing.f1, nothing.mcc) == (0, 0)


def test_interval_is_central_and_leaves_nan_out():
    assert interval(np.array([float("nan"), *range(101)], float)) == pytest.approx((2.5, 97.5))
    assert interval(np.array([1.0, 2.0, 3.0]), level=1.0) == (1.0, 3.0)
    assert np.isnan(interval(np.array([float("nan")]))).all()
