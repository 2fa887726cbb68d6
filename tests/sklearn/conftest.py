import numpy as np
import pytest

import gemel

SUBJECTS = ["rice", "sky", "age", "password", "train", "coffee", "piano", "moon", "bread", "chess"]


def some_pairs(count=240):
    """Pairs that are easy to learn: the same subject asks the same; no pair shares a question."""
    random = np.random.default_rng(3)
    left, right = random.integers(len(SUBJECTS), size=(2, count))
    right = np.where(random.random(count) < 0.5, left, right)
    pairs = [
        (f"what about {SUBJECTS[one]} {n}", f"tell of {SUBJECTS[two]} now {n}")
        for n, (one, two) in enumerate(zip(left, right, strict=True))
    ]
    return pairs, (left == right).astype(int)


@pytest.fixture(scope="session")
def pairs():
    return some_pairs()


@pytest.fixture(scope="session")
def settings():
    """Of a network that learns in no time."""
    return gemel.Config().replace(
        [
            "text.ngram_buckets=64",
            "text.min_count=1",
            "network.d_model=8",
            "training.epochs=2",
            "training.batch_size=32",
            "training.learning_rate=0.02",
            "training.validation_fraction=0.3",
        ]
    )
