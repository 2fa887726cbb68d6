import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.inference import NumpyEncoder
from gemel.inference import lstm_backends as lstm
from gemel.inference import numpy_network as composing
from gemel.inference.backend import choose_backend
from gemel.text import TOKENS, TokenTable

VOCABULARY, DIM = 9, 3
NUMPY = choose_backend("numpy").make_lstm
questions = st.lists(
    st.integers(0, VOCABULARY - 1).filter(lambda token: token != TOKENS.padding),
    min_size=1,
    max_size=6,
)


def draw_weights(seed=0, scale=1.0):
    random = np.random.default_rng(seed)
    shapes = {
        "embedding.weight": (VOCABULARY, DIM),
        "lstm.weight_ih": (4 * DIM, DIM),
        "lstm.weight_hh": (4 * DIM, DIM),
        "lstm.bias": (4 * DIM,),
    }
    return {
        name: (scale * random.normal(size=shape)).astype(np.float32)
        for name, shape in shapes.items()
    }


WEIGHTS = draw_weights()


def table(rows, *spelled):
    spellings = TokenTable.from_rows(spelled) if spelled else None
    plain = TokenTable.from_rows(rows)
    return TokenTable(plain.ids, plain.starts, VOCABULARY, spellings)


def slow_encode(weights, tokens):
    """An LSTM one number at a time, then mean and unit length; every token counts."""
    table, w_ih, w_hh, bias = (array.tolist() for array in list(weights.values())[:4])
    h, c, total = [0.0] * DIM, [0.0] * DIM, [0.0] * DIM

    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    for token in tokens:
        gates = [
            sum(w_ih[row][k] * table[token][k] + w_hh[row][k] * h[k] for k in range(DIM))
            + bias[row]
            for row in range(4 * DIM)
        ]
        for k in range(DIM):
            keep_new, keep_old, new, out = (gates[gate * DIM + k] for gate in range(4))
            c[k] = sigmoid(keep_old) * c[k] + sigmoid(keep_new) * math.tanh(new)
            h[k] = sigmoid(out) * math.tanh(c[k])
            total[k] += h[k]
    mean = [value / len(tokens) for value in total]
    length = math.sqrt(sum(value * value for value in mean))
    return [value / length for value in mean]


@given(st.lists(questions, min_size=1, max_size=5), st.integers(0, 3))
@settings(max_examples=50)
def test_it_computes_what_a_slow_lstm_does(rows, seed):
    weights = draw_weights(seed)
    vectors = NumpyEncoder(weights, NUMPY)(table(rows))
    assert vectors.dtype == np.float32
    expected = [slow_encode(weights, row) for row in rows]
    np.testing.assert_allclose(vectors, expected, atol=2e-5)


@given(st.lists(questions, min_size=1, max_size=9), st.integers(1, 3))
@settings(max_examples=50)
def test_it_computes_the_same_in_pieces(rows, nodes):
    whole = NumpyEncoder(WEIGHTS, NUMPY)(table(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lstm, "_NODES", nodes)
        np.testing.assert_allclose(NumpyEncoder(WEIGHTS, NUMPY)(table(rows)), whole, atol=1e-6)


def test_a_question_without_end_does_not_fill_the_memory():
    encoder = NumpyEncoder(WEIGHTS, NUMPY)
    ids = table([[2, 3, 4, 5] * 1_500, [2], [3]])
    tracemalloc.start()
    assert np.isfinite(encoder(ids)).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000  # the gates of all words at once would take 288,000 alone


@given(st.lists(questions, min_size=1, max_size=5))
@settings(max_examples=50)
def test_unmasked_padding_counts_as_words(rows):
    width = max(map(len, rows))
    vectors = NumpyEncoder(WEIGHTS, NUMPY, masked=False)(table(rows))
    filled = [row + [TOKENS.padding] * (width - len(row)) for row in rows]
    expected = [slow_encode(WEIGHTS, row) for row in filled]
    np.testing.assert_allclose(vectors, expected, atol=2e-5)


@given(st.lists(questions, min_size=1, max_size=6), st.data())
def test_a_vector_depends_on_its_question_alone(rows, data):
    encoder = NumpyEncoder(WEIGHTS, NUMPY)
    alone = np.concatenate([encoder(table([row])) for row in rows])
    order = data.draw(st.permutations(range(len(rows))))
    together = encoder(table([rows[row] for row in order]))
    np.testing.assert_allclose(together, alone[order], atol=1e-6)


@given(st.lists(questions, min_size=1, max_size=6))
def test_vectors_have_unit_length(rows):
    lengths = np.linalg.norm(NumpyEncoder(WEIGHTS, NUMPY)(table(rows)), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)


@pytest.mark.parametrize("masked", [True, False])
def test_a_row_without_words_stays_finite_and_disturbs_no_one(masked):
    encoder = NumpyEncoder(WEIGHTS, NUMPY, masked=masked)
    vectors = encoder(table([[], [3, 4]]))
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors[1:], encoder(table([[3, 4]])), atol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 0.0, 100.0])
def test_extreme_weights_stay_finite(scale):
    vectors = NumpyEncoder(draw_weights(scale=scale), NUMPY)(table([[2, 3, 4], [5]]))
    assert np.isfinite(vectors).all()


def test_the_order_of_words_counts():
    vectors = NumpyEncoder(WEIGHTS, NUMPY)(table([[2, 3, 4], [4, 3, 2]]))
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3


def test_the_given_weights_are_left_alone():
    weights = draw_weights()
    NumpyEncoder(weights, NUMPY)(table([[2, 3]]))
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(weights[name], array)


@pytest.mark.parametrize("length", [1, 4, 50])
@pytest.mark.parametrize("at_one_time", [None, 1, 5, 52, 99])
def test_unknown_words_are_composed_of_their_ngrams(length, at_one_time, monkeypatch):
    """As if the table had rows for them; compiled, and in NumPy so many at one time."""
    if at_one_time is not None:
        monkeypatch.setattr(composing, "find_library", lambda: None)
        monkeypatch.setattr(composing, "_NGRAMS", at_one_time)
    random = np.random.default_rng(length)
    ngrams = random.normal(size=(6, DIM)).astype(np.float32)
    words = [random.integers(6, size=size).tolist() for size in (length, 2)]
    rows = [
        [sum(float(ngrams[gram][k]) for gram in word) / math.sqrt(len(word)) for k in range(DIM)]
        for word in words
    ]
    longer = WEIGHTS | {"embedding.weight": np.concatenate([WEIGHTS["embedding.weight"], rows])}
    asked = [[VOCABULARY, 3, VOCABULARY + 1], [VOCABULARY + 1]]
    encoder = NumpyEncoder(WEIGHTS | {"ngrams.weight": ngrams}, NUMPY)
    vectors = encoder(table(asked, *words))
    np.testing.assert_allclose(vectors, [slow_encode(longer, row) for row in asked], atol=2e-5)
