import numpy as np
import pytest

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.evaluation import Probabilities, fit_decision, judge, judge_by_halves
from gemel.plots import draw_precision_recall, draw_reliability, draw_roc, draw_similarities, render


def make(count=400, noise=0.4, seed=0, settings=None, prevalence=0.0, halves=False):
    random = np.random.default_rng(seed)
    labels = random.random(count) < 0.4
    scores = (0.3 + 0.4 * labels + noise * random.normal(size=count)).clip(-1, 1)
    pairs = Pairs.of([f"a{n}" for n in range(count)], [f"b{n}" for n in range(count)], labels)

    def score(left, right):
        return scores

    if halves:
        return judge_by_halves(pairs, score, settings)
    return judge(pairs, score, fit_decision(scores, pairs, settings), prevalence=prevalence)


@pytest.fixture(
    params=[
        {},
        {"prevalence": 0.1},
        {"settings": DecisionConfig(objective="costs")},
        {"halves": True},
        {"noise": 0.0},
        {"count": 5000},
    ],
    ids=str,
)
def judged(request):
    return make(**request.param)


def curve(axes, name):
    (line,) = (line for line in axes.get_lines() if line.get_label() == name)
    return line.get_xdata(), line.get_ydata()


def dot(axes):
    (line,) = (line for line in axes.get_lines() if line.get_marker() == "o")
    return line.get_xdata()[0], line.get_ydata()[0]


def test_the_dot_is_where_the_model_decides_and_on_its_curve(judged):
    rival = {"rival": np.zeros(len(judged.pairs))}
    confusion = judged.confusion
    alarms = confusion.false_positives / (confusion.false_positives + confusion.true_negatives)
    for draw, expected in (
        (draw_precision_recall, (confusion.recall, confusion.precision)),
        (draw_roc, (alarms, confusion.recall)),
    ):
        figure = draw(judged, rival)
        (axes,) = figure.axes
        assert dot(axes) == pytest.approx(expected)
        if len(judged.decisions) == 1:
            x, y = curve(axes, "this model")
            assert np.hypot(x - expected[0], y - expected[1]).min() < 0.01
        assert curve(axes, "rival")[0][-1] == 1
        assert render(figure, "svg").startswith(b"<?xml")


def test_the_hills_hold_all_pairs_and_every_cut_is_shown(judged):
    figure = draw_similarities(judged)
    (axes,) = figure.axes
    shown = {
        patch.get_label(): patch.get_data().values.sum()
        for patch in axes.patches
        if "duplicates" in patch.get_label() or "other pairs" in patch.get_label()
    }
    same = 100 * judged.prevalence
    assert shown == pytest.approx({"duplicates": same, "other pairs": 100 - same})
    cuts = [line.get_xdata()[0] for line in axes.get_lines()]
    assert cuts == [decision.threshold for decision in judged.decisions]
    asking = sum(text.get_text() == "uncertain" for text in axes.texts)
    first = judged.decisions[0]
    assert asking == (first.lower < first.upper)
    render(figure)


def test_reliability_is_that_of_the_bins(judged):
    figure = draw_reliability(judged)
    upper, lower = figure.axes
    bins = Probabilities(judged.probability, judged.pairs.labels).bins(judged.weights)
    (line,) = (line for line in upper.get_lines() if line.get_marker() == "o")
    assert line.get_xdata().tolist() == [each.promised for each in bins if each.weight]
    assert line.get_ydata().tolist() == [each.found for each in bins if each.weight]
    assert sum(bar.get_height() for bar in lower.patches) == pytest.approx(100)
    render(figure)


def test_nothing_called_the_same_has_no_dot():
    judged = make(settings=DecisionConfig(objective="precision", precision=1.0), noise=2.0)
    assert not judged.verdicts.all()
    for draw in (draw_precision_recall, draw_roc):
        render(draw(judged, {}))
