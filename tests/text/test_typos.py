import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import edit_once


@given(st.text(min_size=1, max_size=12), st.integers(0, 999))
def test_one_edit_is_one_edit(text, seed):
    """One letter more, less or another, or two neighbours swapped; what is no letter stays."""
    edited = edit_once(text, np.random.default_rng(seed))
    assert abs(len(edited) - len(text)) <= 1
    if not any(map(str.isalpha, text)):
        assert edited == text
        return
    start = next(
        (n for n, (a, b) in enumerate(zip(text, edited, strict=False)) if a != b),
        min(len(text), len(edited)),
    )
    rest, new = text[start:], edited[start:]
    assert (
        new[1:] == rest
        or rest[1:] == new
        or new[1:] == rest[1:]
        or (new[:2] == rest[1::-1] and new[2:] == rest[2:])
    )
