import numpy as np
import pytest
import torch

from gemel.config import TrainingConfig
from gemel.data import Batches, PairGraph, Pairs
from gemel.losses import in_batch_triplet_loss
from gemel.models import SiameseModel, get_weights
from gemel.text import Tokenizer
from gemel.training import Silent, Trainer, Validation


class Watcher(Silent):
    """Copies the weights after every epoch."""

    def __init__(self, model):
        self.model = model
        self.weights = []

    def epoch(self, summary):
        self.weights.append(get_weights(self.model.processor))


def make_trainer(scores=(0.5,), **changes):
    left = [f"cat {n % 4} dog" for n in range(24)]
    right = [f"bird {n % 6} fish {n}" for n in range(24)]
    pairs = Pairs.of(left, right, np.arange(24) % 3 > 0, np.arange(24))
    graph = PairGraph.of(pairs)
    tokenizer = Tokenizer().learn(graph.questions)
    batches = Batches(tokenizer.encode_all(graph.questions), graph, pairs.labels, batch_size=8)
    torch.manual_seed(0)
    model = SiameseModel(len(tokenizer.vocabulary), 6)
    settings = TrainingConfig(**({"epochs": len(scores), "precision": "float32"} | changes))
    remaining = iter(scores)

    def validate():
        return Validation(average_precision=next(remaining), accuracy=0.5, mean_similarity=0.1)

    watcher = Watcher(model)
    return Trainer(model, batches, settings, validate, watcher), watcher


@pytest.mark.parametrize(("scores", "best"), [((0.2, 0.9, 0.3), 1), ((0.7, 0.7, 0.1), 0)])
def test_the_weights_of_the_best_epoch_are_left(scores, best):
    trainer, watcher = make_trainer(scores)
    history = trainer.run()
    assert [summary.is_best for summary in history].count(True) == best + 1
    kept = get_weights(trainer.model.processor)
    for number, weights in enumerate(watcher.weights):
        same = all((weights[name] == kept[name]).all() for name in kept)
        assert same == (number == best)


def test_a_step_minimises_the_loss_of_groups_and_labelled_negatives():
    trainer, _ = make_trainer(margin=0.4)
    for batch in trainer.batches.epoch(0):
        vectors = trainer.model.processor(batch.inputs)
        v1, v2, negatives = vectors.split(batch.sizes)
        groups, others = map(torch.from_numpy, (batch.groups, batch.negative_groups))
        expected = in_batch_triplet_loss(v1, v2, 0.4, groups, negatives, others).item()
        without = in_batch_triplet_loss(v1, v2, 0.4, groups).item()
        assert trainer._step(batch) == pytest.approx(expected, abs=1e-6)
        assert expected != pytest.approx(without, abs=1e-4), "the negatives count"


def test_the_rate_rises_then_falls_to_nothing():
    trainer, _ = make_trainer((0.5,) * 20, learning_rate=0.02)
    rates = []
    for batch in (batch for epoch in range(20) for batch in trainer.batches.epoch(epoch)):
        rates.append(trainer.optimizer.param_groups[0]["lr"])
        trainer._step(batch)
    peak = int(np.argmax(rates))
    assert max(rates) == pytest.approx(0.02)
    assert 0 < peak < 0.1 * len(rates)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert trainer.optimizer.param_groups[0]["lr"] == 0
