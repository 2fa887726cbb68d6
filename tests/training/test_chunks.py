"""A batch that is read in chunks gives the gradient of one that is read in one go."""

import itertools

import numpy as np
import pytest
import torch

from gemel.config import Config
from gemel.data import Pairs
from gemel.models import read, rows_read, take_rows
from gemel.training import gradients, learn

CASES = ["triplet", "subwords", "joint", "dropout", "padding counts"]
SIZES = [1, 5, 999]


def far_apart(one, other):
    """The largest difference, as a share of the largest entry; each row is loss and gradient."""
    return max(
        np.abs(mine - theirs).max() / np.abs(theirs).max()
        for mine, theirs in zip(one, other, strict=True)
    )


def test_all_kinds_are_tried(gradient_worker):
    assert list(gradient_worker.CASES) == CASES


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_the_same_with_any_number(case, gradient_worker):
    whole = gradient_worker.gradients(gradient_worker.make_trainer(case))
    assert (np.abs(whole).sum(axis=1) > 0.1).all()
    for size in SIZES:
        trainer = gradient_worker.make_trainer(case, chunk_size=size)
        found = gradient_worker.gradients(trainer)
        assert far_apart(found[:, :1], whole[:, :1]) <= 1e-6
        assert far_apart(found[:, 1:], whole[:, 1:]) <= 1e-6, f"{size} at a time"


def test_one_chunk_is_read_once(gradient_worker, monkeypatch):
    calls = []

    def counted(processor, inputs, kept=None):
        calls.append(len(inputs[0]))
        return read(processor, inputs, kept)

    monkeypatch.setattr(gradients, "read", counted)
    for size, readings in ((0, 1), (999, 1), (9, 4)):
        calls.clear()
        trainer = gradient_worker.make_trainer("triplet", chunk_size=size)
        batch = next(
            batch for batch in trainer.batches.epoch(1) if sum(batch.sizes) in range(10, 19)
        )
        trainer._gradient(batch)
        assert len(calls) == readings
        assert sum(calls) == sum(batch.sizes) * (2 if readings > 1 else 1)
        assert max(calls) <= (size or 999)


@pytest.mark.parametrize("case", ["triplet", "subwords", "joint"])
def test_a_part_brings_the_spelling_of_its_own_words_only(case, gradient_worker):
    trainer = gradient_worker.make_trainer(case)
    processor = trainer.model.processor
    for batch in trainer.batches.epoch(1):
        with torch.no_grad():
            whole = processor(batch.inputs)
            ends = [0, 1, 4, sum(batch.sizes)]
            parts = [
                take_rows(processor, batch.inputs, slice(*each))
                for each in itertools.pairwise(ends)
            ]
            found = torch.cat([processor(each) for each in parts])
        torch.testing.assert_close(found, whole, atol=1e-6, rtol=0)
        if case != "triplet":
            assert all(len(each[-2]) <= len(batch.inputs[-2]) for each in parts)
            assert len(parts[0][-1]) - 1 <= (parts[0][-3] > 0).sum()


@pytest.mark.parametrize("case", CASES)
def test_other_rows_of_tables_than_those_read_have_no_gradient(case, gradient_worker):
    trainer = gradient_worker.make_trainer(case)
    for batch in trainer.batches.epoch(1):
        trainer._gradient(batch)
        tables = rows_read(trainer.model.processor, batch.inputs)
        assert len(tables) == 1 + (case != "triplet")
        for table, rows in tables.items():
            if table.grad is not None:
                others = np.setdiff1d(np.arange(len(table)), rows)
                assert not table.grad[others].any()


def test_what_is_read_at_one_time_is_bounded_and_not_the_batch(gradient_worker, monkeypatch):
    """One of its questions has 400 words, so that 22 fit into the bound."""
    monkeypatch.setattr("gemel.data.batches.PLACES", 9000)
    monkeypatch.setattr("gemel.training.gradients.PLACES", 9000)
    whole = gradient_worker.make_trainer("triplet", batch_size=90)
    assert len(list(whole.batches.epoch(1))) > 1
    trainer = gradient_worker.make_trainer("triplet", chunk_size=50, batch_size=90)
    (batch,) = trainer.batches.epoch(1)
    questions, time = batch.inputs[0].shape
    chunks = trainer.gradients._chunks(slice(0, questions), time)
    assert [chunk.start for chunk in chunks[1:]] == [chunk.stop for chunk in chunks[:-1]]
    assert (chunks[0].start, chunks[-1].stop) == (0, questions)
    assert 11 < max(chunk.stop - chunk.start for chunk in chunks) <= 9000 // time == 22
    shorter = trainer.gradients._chunks(slice(10, 130), 12)
    assert [chunk.stop - chunk.start for chunk in shorter] == [40, 40, 40], "of like size"


def test_a_model_learns_the_same_in_chunks():
    topics = ["cat", "dog", "car", "tea"]
    ones, others = ([topics[n // (1 + side * (n % 2)) % 4] for n in range(96)] for side in (0, 1))
    pairs = Pairs.of(
        [f"where is the {topic} {n}" for n, topic in enumerate(ones)],
        [f"I look for a {topic}" for topic in others],
        [one == other for one, other in zip(ones, others, strict=True)],
    )
    config = Config().replace(
        [
            *("training.epochs=2", "training.batch_size=16", "network.d_model=8"),
            *("training.validation_fraction=0.3", "text.ngram_buckets=64"),
            *("training.precision=float32", "training.dropout=0.2"),
        ]
    )
    whole = learn(pairs, config)
    parts = learn(pairs, config.replace(["training.chunk_size=7"]))
    assert parts.config.training.chunk_size == 7
    for name, array in whole.weights.items():
        np.testing.assert_allclose(parts.weights[name], array, atol=1e-4)
