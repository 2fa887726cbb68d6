import numpy as np
from korean import Pooled
from rivals import LENGTHS, RIVALS, rival_scores

from gemel.data import Pairs
from gemel.evaluation import Ranking, count_confusion


def some_pairs(start, count=30):
    topics = ["red apple pie", "green tea cup", "old train line", "new phone box"]
    left = [f"{topics[n % 4]} {start + n}" for n in range(count)]
    right = [f"the {topics[(n + n % 3) % 4]}" for n in range(count)]
    return Pairs.of(left, right, [n % 3 == 0 for n in range(count)])


def test_rivals_learn_and_do_not_mind_which_question_is_first():
    training, test = some_pairs(0), some_pairs(100)
    turned = Pairs.of(test.right_texts, test.left_texts, test.labels)
    scores, mirrored = rival_scores(training, test), rival_scores(training, turned)
    assert set(scores) == {*RIVALS, LENGTHS}
    for name, probability in scores.items():
        assert ((probability > 0) & (probability < 1)).all()
        np.testing.assert_array_equal(probability, mirrored[name])
        assert Ranking(probability, test.labels).average_precision() > 0.9


def test_folds_are_pooled_with_their_own_verdicts():
    parts = np.arange(40) % 2
    labels = np.arange(40) % 3 == 0
    random = np.random.default_rng(0)
    probability, verdicts = random.random(40), random.random(40) < 0.5
    pooled = Pooled(40)
    for number in (1, 0):
        fold = parts == number
        pooled.put(fold, probability[fold], verdicts[fold])
    figures = pooled.measure(labels, parts)(np.ones(40))
    each = [
        Ranking(probability[parts == n], labels[parts == n]).average_precision() for n in (0, 1)
    ]
    assert figures["fold_average_precision"] == sum(each) / 2
    assert figures["average_precision"] == Ranking(probability, labels).average_precision()
    assert figures["accuracy"] == count_confusion(verdicts, labels).accuracy
