import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TOKENS, Tokenizer, encode_in_batches

TOKENIZER = Tokenizer().learn(["a b c d e f g h"])
texts = st.lists(st.text("abcdefgh ", max_size=12), max_size=12)


def slow_encode(text):
    ids = TOKENIZER.encode(text)
    return [sum(ids), len(ids)]


class Recorder:
    """Encodes as `slow_encode` and keeps what it got."""

    def __init__(self):
        self.batches = []

    def __call__(self, ids):
        self.batches.append(ids)
        words = ids != TOKENS.padding
        return np.stack([(ids * words).sum(1), words.sum(1)], axis=1).astype(np.float32)


@given(texts, st.integers(1, 5), st.integers(1, 30))
def test_vectors_come_in_order_whatever_the_batches(asked, batch_rows, batch_tokens):
    vectors = encode_in_batches(
        asked, TOKENIZER, Recorder(), 2, batch_rows=batch_rows, batch_tokens=batch_tokens
    )
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(asked), 2)
    assert vectors.tolist() == [slow_encode(text) for text in asked]


@given(texts, st.integers(1, 5), st.integers(1, 30))
def test_batches_stay_within_their_limits(asked, batch_rows, batch_tokens):
    recorder = Recorder()
    encode_in_batches(
        asked, TOKENIZER, recorder, 2, batch_rows=batch_rows, batch_tokens=batch_tokens
    )
    for ids in recorder.batches:
        assert 1 <= len(ids) <= batch_rows
        assert ids.size <= batch_tokens or len(ids) == 1


@given(texts)
def test_equal_texts_are_encoded_once(asked):
    recorder = Recorder()
    encode_in_batches(asked + asked, TOKENIZER, recorder, 2)
    assert sum(len(ids) for ids in recorder.batches) == len(set(asked))


def test_texts_of_like_length_go_together():
    recorder = Recorder()
    encode_in_batches(["a b c d", "a", "b c d e", "b"], TOKENIZER, recorder, 2, batch_rows=2)
    assert [ids.shape for ids in recorder.batches] == [(2, 1), (2, 4)]


def test_a_fault_of_the_encoder_comes_through():
    def broken(ids):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        encode_in_batches(["a"], TOKENIZER, broken, 2)
