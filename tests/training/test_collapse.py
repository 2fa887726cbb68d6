import numpy as np
import pytest

from gemel.training.gradients import COLLAPSED, mean_similarity


def test_against_a_double_loop():
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [vectors[i] @ vectors[j] for i in range(5) for j in range(5) if i != j]
    assert mean_similarity(vectors) == pytest.approx(np.mean(pairs))


def test_equal_vectors_are_collapsed_and_random_ones_are_not():
    assert mean_similarity(np.tile([[0.6, 0.8]], (10, 1))) == pytest.approx(1)
    random = np.random.default_rng(0).normal(size=(500, 64))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    assert abs(mean_similarity(random)) < 0.05 < COLLAPSED
