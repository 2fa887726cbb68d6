import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.text import Tokenizer, encode_texts, pair_cosines
from gemel.text import text_encoding as encoding

TOKENIZER = Tokenizer().learn(["a b c d e f g h"])
texts = st.lists(st.text("abcdefgh ", max_size=12), max_size=12)


def slow_encode(text):
    ids = TOKENIZER.encode(text)
    return [sum(ids), len(ids)]


class Recorder:
    """Encodes as `slow_encode` and keeps what it got."""

    def __init__(self):
        self.tables = []

    def __call__(self, table):
        self.tables.append(table)
        sums = [table.ids[a:b].sum() for a, b in itertools.pairwise(table.starts)]
        return np.stack([sums, table.lengths], axis=1).astype(np.float32)


def limit(patch, rows, tokens):
    patch.setattr(encoding, "_ROWS", rows)
    patch.setattr(encoding, "_TOKENS", tokens)


@given(texts, st.integers(1, 5), st.integers(1, 30))
def test_vectors_come_in_order_whatever_goes_together(asked, rows, tokens):
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        limit(patch, rows, tokens)
        vectors = encode_texts(asked, TOKENIZER, recorder, 2)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(asked), 2)
    assert vectors.tolist() == [slow_encode(text) for text in asked]
    for table in recorder.tables:
        assert 1 <= len(table) <= rows
        assert len(table.ids) <= tokens or len(table) == 1


@given(texts, st.integers(2, 4))
@settings(max_examples=20)
def test_threads_change_no_bit(asked, threads):
    with pytest.MonkeyPatch.context() as patch:
        limit(patch, 2, 99)
        one, more = (encode_texts(asked, TOKENIZER, Recorder(), 2, threads=n) for n in (1, threads))
    np.testing.assert_array_equal(one, more)


def test_a_fault_in_a_thread_comes_through(monkeypatch):
    limit(monkeypatch, 1, 99)

    def broken(table):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        encode_texts(["a", "b", "c"], TOKENIZER, broken, 2, threads=2)


@given(texts)
def test_equal_texts_are_encoded_once(asked):
    recorder = Recorder()
    encode_texts(asked + asked, TOKENIZER, recorder, 2)
    different = {tuple(TOKENIZER.encode(text)) for text in asked}
    assert sum(map(len, recorder.tables)) == len(different)


@given(texts, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_order_changes_no_bit_of_a_vector(asked, random, rows):
    """Though the place among what goes together, and what does, may."""

    def encode_table(table):
        places = np.arange(len(table), dtype=np.float32)
        return np.stack([table.lengths + places / 7, np.full(len(table), len(table.ids))], axis=1)

    def vectors_of(texts):
        with pytest.MonkeyPatch.context() as patch:
            limit(patch, rows, 99)
            return encode_texts(texts, TOKENIZER, encode_table, 2)

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
    cosines = pair_cosines(left, right)
    np.testing.assert_array_equal(cosines, pair_cosines(right, left))
    np.testing.assert_allclose(cosines, (left.astype(float) * right).sum(1), atol=1e-6)
    assert cosines[3] == 1
    assert np.abs(cosines).max() <= 1


def test_a_fault_of_the_encoder_comes_through():
    def broken(table):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        encode_texts(["a"], TOKENIZER, broken, 2)
