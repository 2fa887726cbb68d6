"""Gradients of batches of several kinds of training; as a program, those of one of some processes.

python gradient_worker.py FOLDER, with the environment that torchrun gives.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from gemel.config import Config
from gemel.data import Pairs
from gemel.training import Silent, Trainer, joined
from gemel.training.initial_network import learn_vocabulary, make_batches, make_network

WORDS = [
    "where",
    "when",
    "why",
    "how",
    "what",
    "is",
    "the",
    "my",
    "cat",
    "dog",
    "car",
    "tea",
    "sun",
]
CASES = {
    "triplet": ["text.ngram_buckets=0"],
    "subwords": ["training.word_dropout=0.3", "network.bidirectional=true"],
    "joint": [
        *("training.loss=joint", "network.head=4", "network.bidirectional=true"),
        *("network.pooling=max", "network.compose_all=true", "training.typos=0.1"),
    ],
    "dropout": ["training.loss=joint", "network.head=4", "training.dropout=0.3"],
    "padding counts": ["network.masked=false", "training.dropout=0.2"],
}
BATCHES = 3


def make_pairs():
    """Make pairs of questions of many lengths; one is longer than all others of its batch."""
    random = np.random.default_rng(3)

    def question(topic, words):
        return " ".join(
            [f"topic{topic}", *random.choice(WORDS, words), f"rare{random.integers(99)}"]
        )

    topics = random.integers(0, 24, size=(90, 2))
    same = random.random(90) < 0.6
    same[7] = False
    topics[same, 1] = topics[same, 0]
    lengths = random.integers(1, 9, size=(90, 2))
    lengths[7] = 3, 400
    left, right = (
        [question(*each) for each in zip(topics[:, side], lengths[:, side], strict=True)]
        for side in (0, 1)
    )
    return Pairs.of(left, right, topics[:, 0] == topics[:, 1])


def make_trainer(case, ranks=None, **changes):
    settings = {"batch_size": 7, "precision": "float32", "min_count": 2, "d_model": 6} | changes
    sections = {"min_count": "text", "d_model": "network"}
    config = Config().replace(
        ["text.ngram_buckets=64"]
        + [f"{sections.get(name, 'training')}.{name}={value}" for name, value in settings.items()]
        + CASES[case]
    )
    pairs = make_pairs()
    tokenizer = learn_vocabulary(pairs, config, None)
    batches = make_batches(pairs, tokenizer, config)
    model, _ = make_network(tokenizer, batches, config, None, Silent())
    trainer = Trainer(model, batches, config.training, lambda: None, Silent(), ranks)
    trainer.model.model.train()
    return trainer


def gradients(trainer):
    """Return losses and gradients of some batches, one of them with the longest question.

    Where padding counts, 400 words of it make all other questions alike, and a gradient of
    differences that are next to nothing: there that batch is left out.
    """
    batches = sorted(trainer.batches.epoch(1), key=lambda batch: -batch.inputs[0].shape[1])
    first = 0 if trainer.model.masked else 1
    found = []
    for batch in batches[first : first + BATCHES]:
        loss = trainer._gradient(batch)
        trainer.state.batch += 1
        parts = [
            torch.zeros(each.numel()) if each.grad is None else each.grad.flatten()
            for each in trainer.parameters
        ]
        found.append(torch.cat([torch.tensor([loss]), *parts]).numpy())
    return np.stack(found)


def work(folder):
    with joined() as ranks:
        for case in CASES:
            for chunk_size in (0, 3):
                trainer = make_trainer(case, ranks, chunk_size=chunk_size)
                np.save(folder / f"{case} {chunk_size} {ranks.rank}.npy", gradients(trainer))


if __name__ == "__main__":
    work(Path(sys.argv[1]))
