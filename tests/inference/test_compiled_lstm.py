import functools
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.compiled import find_library
from gemel.inference.lstm_backends import TILES, CompiledLSTM, NumpyLSTM
from gemel.text import TokenTable

WORDS, DEPTH = 7, 5
rows_of_ids = st.lists(st.lists(st.integers(0, WORDS - 1), max_size=6), min_size=1, max_size=20)


@pytest.fixture(scope="session")
def compile_lstm(library_with, kind):
    """A function that makes an LSTM for a kind of processor."""
    return functools.partial(CompiledLSTM, library=library_with(1 << kind), kind=kind)


def test_it_was_compiled_if_there_is_a_compiler():
    assert find_library() or not (shutil.which("cc") or shutil.which("gcc"))


def draw_weights(units, seed, scale):
    random = np.random.default_rng(seed)
    weights = {"embedding.weight": random.normal(size=(WORDS, DEPTH))}
    weights["lstm.weight_ih"] = scale * random.normal(size=(4 * units, DEPTH))
    # Greater ones would carry the last bit of an output on into all gates.
    weights["lstm.weight_hh"] = min(scale, 0.3) * random.normal(size=(4 * units, units))
    weights["lstm.bias"] = random.normal(size=4 * units)
    return {name: array.astype(np.float32) for name, array in weights.items()}


@pytest.mark.parametrize("highest", [False, True])
@given(
    rows=rows_of_ids,
    units=st.integers(1, 70),
    seed=st.integers(0, 99),
    scale=st.sampled_from([1e-30, 0.3, 20.0]),
)
@settings(max_examples=60)
def test_it_gives_numpys_numbers(compile_lstm, kind, highest, rows, units, seed, scale):
    """Every kind of processor, odd numbers of units, few rows and many, gates at both ends."""
    weights = draw_weights(units, seed, scale)
    plain = NumpyLSTM(weights, "lstm", highest=highest)
    compiled = compile_lstm(weights, "lstm", highest=highest)
    table, vectors = TokenTable.from_rows(rows), weights["embedding.weight"]
    expected = plain(table, vectors)
    atol = 0.05 if kind == TILES else 5e-4  # bfloat16 keeps eight bits of a factor
    np.testing.assert_allclose(compiled(table, vectors), expected, atol=atol)
    alone = [compiled(table.part(row, row + 1), vectors)[0] for row in range(len(rows))]
    np.testing.assert_allclose(alone, expected, atol=atol)


def test_more_rows_than_are_read_together(compile_lstm, kind):
    random = np.random.default_rng(0)
    weights = draw_weights(16, 0, 0.3)
    rows = [random.integers(WORDS, size=random.integers(9)).tolist() for _ in range(1300)]
    table, vectors = TokenTable.from_rows(rows), weights["embedding.weight"]
    compiled = compile_lstm(weights, "lstm", highest=True)
    expected = NumpyLSTM(weights, "lstm", highest=True)(table, vectors)
    np.testing.assert_allclose(
        compiled(table, vectors), expected, rtol=0, atol=0.03 if kind == TILES else 1e-5
    )


def test_other_arrays_than_it_reads_are_refused(library_with):
    weights = draw_weights(4, 0, 1.0)
    lstm = CompiledLSTM(weights, "lstm", highest=True, library=library_with(1), kind=0)
    lstm.recurrent = lstm.recurrent.astype(np.float64)
    with pytest.raises(TypeError, match=r"float32, int32, .* not float64"):
        lstm(TokenTable.from_rows([[1, 2]]), weights["embedding.weight"])
