import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TOKENS, Tokenizer, encode_in_batches, pair_cosines

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
    different = {TOKENIZER.clean(text) for text in asked}
    assert sum(len(ids) for ids in recorder.batches) == len(different)


@given(texts, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_order_changes_no_bit_of_a_vector(asked, random, batch_rows):
    """Though the place in a batch, and the batch, may."""

    def encode_ids(ids):
        place = np.arange(len(ids), dtype=np.float32)
        return np.stack([ids.sum(1) + place / 7, np.full(len(ids), ids.size)], axis=1)

    def vectors_of(texts):
        return encode_in_batches(texts, TOKENIZER, encode_ids, 2, batch_rows=batch_rows)

    order = list(range(len(asked)))
    random.shuffle(order)
    shuffled = vectors_of([asked[place] for place in order] + asked)
    np.testing.assert_array_equal(shuffled[: len(asked)], vectors_of(asked)[order])


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_vector_is_wholly_like_itself_and_two_may_change_places(seed, dim):
    random = np.random.default_rng(seed)
    left, right = (random.normal(size=(9, dim)).astype(np.float32) for _ in range(2))
    right[3] = left[3]
    left, right = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (left, right))
    cosines = pair_cosines(np.concatenate([left, right]))
    np.testing.assert_array_equal(cosines, pair_cosines(np.concatenate([right, left])))
    np.testing.assert_allclose(cosines, (left.astype(float) * right).sum(1), atol=1e-6)
    assert cosines[3] == 1
    assert np.abs(cosines).max() <= 1


def test_texts_of_like_length_go_together():
    recorder = Recorder()
    encode_in_batches(["a b c d", "a", "b c d e", "b"], TOKENIZER, recorder, 2, batch_rows=2)
    assert [ids.shape for ids in recorder.batches] == [(2, 1), (2, 4)]


def test_a_fault_of_the_encoder_comes_through():
    def broken(ids):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        encode_in_batches(["a"], TOKENIZER, broken, 2)
