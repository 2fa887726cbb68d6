import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel import ConfigError
from gemel.inference.numpy_network import in_precision, require_precision


def unit_vectors(seed, count, dim):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(0, 99), st.integers(0, 9), st.integers(1, 64))
def test_fewer_bits_keep_the_direction(seed, count, dim):
    vectors = unit_vectors(seed, count, dim)
    assert in_precision(vectors, "float32") is vectors
    for precision, atol in (("float16", 1e-5), ("int8", 1e-3)):
        rounded = in_precision(vectors, precision)
        assert rounded.dtype == precision
        back = rounded.astype(np.float32)
        back /= np.linalg.norm(back, axis=1, keepdims=True)
        np.testing.assert_allclose((back * vectors).sum(axis=1), 1, atol=atol)


def test_the_largest_number_of_int8_is_127():
    rounded = in_precision(unit_vectors(0, 50, 8), "int8")
    assert (np.abs(rounded.astype(int)).max(axis=1) == 127).all()
    assert (in_precision(np.zeros((1, 3), np.float32), "int8") == 0).all()


def test_there_are_no_others():
    with pytest.raises(ConfigError, match="one of float32, float16, int8, not 'int4'"):
        require_precision("int4")
