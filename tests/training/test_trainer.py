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
        self.weights, self.steps, self.said = [], [], []

    def note(self, text):
        self.said.append(text)

    def step(self, summary):
        self.steps.append(summary)

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
    trainer.run()
    assert [summary.is_best for summary in trainer.state.history].count(True) == best + 1
    kept = get_weights(trainer.model.processor)
    for number, weights in enumerate(watcher.weights):
        same = all((weights[name] == kept[name]).all() for name in kept)
        assert same == (number == best)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_averaged_weights_are_measured_and_kept(keep):
    plain, own = make_trainer((0.1, 0.2), keep=keep)
    plain.run()
    trainer, watcher = make_trainer((0.1, 0.2), keep=keep, ema_decay=0.9)
    trainer.run()
    # Steps are taken from the weights of the step before, not from the average.
    assert [step.loss for step in watcher.steps] == [step.loss for step in own.steps]
    kept = get_weights(trainer.model.processor)
    assert all((kept[name] == watcher.weights[-1][name]).all() for name in kept)
    assert any((kept[name] != own.weights[-1][name]).any() for name in kept)
    names = [name for name, _ in trainer.model.processor.named_parameters()]
    for name, value in zip(names, trainer.average.values, strict=False):
        np.testing.assert_array_equal(trainer.model.processor.state_dict()[name], value)


def test_a_step_minimises_the_loss_of_groups_and_labelled_negatives():
    trainer, _ = make_trainer(margin=0.4)
    for batch in trainer.batches.epoch(0):
        vectors = trainer.model.processor(batch.inputs)
        v1, v2, negatives = vectors.split(batch.sizes)
        groups, others = map(torch.from_numpy, (batch.groups, batch.negative_groups))
        expected = in_batch_triplet_loss(v1, v2, 0.4, groups, negatives, others).item()
        without = in_batch_triplet_loss(v1, v2, 0.4, groups).item()
        assert trainer._step(batch, 0.01)[0] == pytest.approx(expected, abs=1e-6)
        assert expected != pytest.approx(without, abs=1e-4), "the negatives count"


def test_the_rate_rises_then_falls_to_nothing():
    trainer, watcher = make_trainer((0.5,) * 20, learning_rate=0.02, patience=20)
    trainer.run()
    rates = [step.learning_rate for step in watcher.steps]
    peak = int(np.argmax(rates))
    assert max(rates) == pytest.approx(0.02)
    assert 0 < peak < 0.1 * len(rates)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert 0 < rates[-1] < 0.02 / 30


def test_adam_takes_the_step_of_the_rate():
    """Its first step moves every number with a gradient by the rate, whatever the gradient."""
    trainer, _ = make_trainer()
    before = get_weights(trainer.model.processor)["lstm.weight_hh"]
    trainer._step(next(trainer.batches.epoch(0)), 0.003)
    moved = np.abs(get_weights(trainer.model.processor)["lstm.weight_hh"] - before)
    assert np.median(moved) == pytest.approx(0.003, rel=0.01)


@pytest.mark.parametrize(
    ("patience", "epochs"), [(1, 3), (2, 5), (9, 6)], ids=["one worse", "two worse", "patient"]
)
def test_enough_is_enough(patience, epochs):
    scores = (0.2, 0.5, 0.4, 0.6, 0.5, 0.3) if patience > 1 else (0.2, 0.5, 0.4, 0.6, 0.7, 0.8)
    if patience == 2:
        scores = (0.2, 0.3, 0.5, 0.4, 0.5, 0.9)
    trainer, watcher = make_trainer(scores, patience=patience)
    trainer.run()
    assert len(trainer.state.history) == epochs
    assert any("stopped early" in text for text in watcher.said) == (epochs < 6)


def test_long_gradients_are_shortened_and_their_length_reported():
    def weights_after(clip_norm):
        trainer, _ = make_trainer(clip_norm=clip_norm, margin=2.0)
        batch = next(trainer.batches.epoch(0))
        norms = [trainer._step(batch, 0.01)[1] for _ in range(3)]
        gradients = [parameter.grad for parameter in trainer.parameters]
        clipped = float(sum(gradient.square().sum() for gradient in gradients)) ** 0.5
        return norms, clipped

    norms, clipped = weights_after(100.0)
    assert clipped == pytest.approx(norms[-1], rel=1e-4)
    norms, clipped = weights_after(0.01)
    assert norms[-1] > clipped == pytest.approx(0.01, rel=1e-3)
