"""Texts laid out one after the other, as compiled code takes them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, UInt8


def writable_bytes(content: bytes) -> UInt8[np.ndarray, "bytes"]:
    """Copy bytes to where they may be changed."""
    return np.frombuffer(bytearray(content), np.uint8)


def starts_of(lengths: Sequence[int]) -> Int64[np.ndarray, "texts_and_1"]:
    """Say where each of some things begins, and, last, where the last one ends."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
