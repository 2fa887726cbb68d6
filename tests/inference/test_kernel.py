import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.inference import NumpyEncoder
from gemel.inference.backend import choose_backend
from gemel.inference.kernel import Kernel
from gemel.inference.lstm import NumpyLSTM
from gemel.text import TokenTable

KERNEL = choose_backend().kernel
WORDS, DEPTH = 7, 5
rows_of_ids = st.lists(st.lists(st.integers(0, WORDS - 1), max_size=6), min_size=1, max_size=20)


def test_it_was_compiled_if_there_is_a_compiler():
    assert KERNEL is not None or not (shutil.which("cc") or shutil.which("gcc"))


def draw_weights(units, seed, scale):
    random = np.random.default_rng(seed)
    weights = {"embedding.weight": random.normal(size=(WORDS, DEPTH))}
    weights["lstm.weight_ih"] = scale * random.normal(size=(4 * units, DEPTH))
    weights["lstm.weight_hh"] = scale * random.normal(size=(4 * units, units))
    weights["lstm.bias"] = random.normal(size=4 * units)
    return {name: array.astype(np.float32) for name, array in weights.items()}


@pytest.mark.skipif(KERNEL is None, reason="installed without the compiled kernel")
@pytest.mark.parametrize("highest", [False, True])
@given(
    rows=rows_of_ids,
    units=st.integers(1, 50),
    seed=st.integers(0, 99),
    scale=st.sampled_from([1e-30, 0.3, 20.0]),
)
@settings(max_examples=60)
def test_it_gives_numpys_numbers(highest, rows, units, seed, scale):
    """Whole vectors and odd numbers of units, few rows and many, gates at both ends."""
    weights = draw_weights(units, seed, scale)
    plain = NumpyLSTM(weights, "lstm", highest=highest)
    compiled = NumpyLSTM(weights, "lstm", highest=highest, kernel=KERNEL)
    table, vectors = TokenTable.from_rows(rows), weights["embedding.weight"]
    expected = plain(table, vectors)
    # Great weights carry the last bit of an output on into all gates.
    atol = 2e-5 if scale < 1 else 5e-3
    np.testing.assert_allclose(compiled(table, vectors), expected, atol=atol)
    alone = [compiled(table.part(row, row + 1), vectors)[0] for row in range(len(rows))]
    np.testing.assert_allclose(alone, expected, atol=atol)


@pytest.mark.skipif(KERNEL is None, reason="installed without the compiled kernel")
def test_other_arrays_than_it_reads_are_refused():
    encoder = NumpyEncoder(draw_weights(4, 0, 1.0), kernel=KERNEL)
    encoder.ways[0].recurrent = encoder.ways[0].recurrent.astype(np.float64)
    with pytest.raises(TypeError, match="float32 or int32, not float64"):
        encoder(TokenTable.from_rows([[1, 2]]))


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_a_library_that_is_none_is_no_kernel(tmp_path, content):
    path = tmp_path / "lstm.library"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OSError):  # noqa: PT011 - the loader's own words
        Kernel(path)
