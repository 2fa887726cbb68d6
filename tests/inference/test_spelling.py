"""Shared letters in addition to the network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.inference.numpy_network import SharedSpelling
from gemel.text import TfIdf, Tokenizer

LEFT = ["how old are you", "where is the station", "same question", "one two"]
RIGHT = ["what is your age", "where are the stations", "same  Question", "two one"]
IDF = TfIdf.learn(LEFT + RIGHT, 512).idf.astype(np.float32)


def _spelling(share):
    weights = {"spelling.idf": IDF, "spelling.share": np.array([share], np.float32)}
    return SharedSpelling(weights, Tokenizer())


def test_it_is_the_mean_by_share():
    similarity = np.array([0.1, -0.4, 1, 0.7], np.float32)
    alike = TfIdf(IDF)(LEFT, RIGHT)
    assert _spelling(0.3).mix(similarity, LEFT, RIGHT) == pytest.approx(
        0.7 * similarity + 0.3 * alike, abs=1e-6
    )


def test_a_question_and_itself_stay_exactly_alike():
    mixed = _spelling(0.37).mix(np.ones(4, np.float32), LEFT, RIGHT)
    assert mixed[2] == 1.0


def test_without_a_share_nothing_is_computed():
    similarity = np.array([0.5], np.float32)
    assert _spelling(0).mix(similarity, ["a"], ["b"]) is similarity


@given(st.floats(0, 1, width=32), st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4))
def test_either_may_stand_first_and_it_stays_in_range(share, scores):
    similarity = np.array(scores, np.float32)
    there = _spelling(share).mix(similarity, LEFT, RIGHT)
    back = _spelling(share).mix(similarity, RIGHT, LEFT)
    assert (there == back).all()
    assert (np.abs(there) <= 1 + 1e-6).all()
