"""Arrays out of what a pickle says of them, and out of NumPy's own files."""

import io
import math
import tokenize
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy.lib import format as npy

from gemel.errors import DataError
from gemel.exchange.trax_pickle import Made, Named

_CODES = {"f2", "f4", "f8", "u2"}
_JAX = {"_reconstruct_array", "reconstruct_device_array"}


def array_of(value: Any, path: Path) -> Float32[np.ndarray, "..."]:
    """Make an array of what `read_pickle` gave for one, by our own hand.

    Args:
        value: an array of NumPy or JAX; or a pair of one and "bfloat16", as Trax writes those.
        path: the file it came from, for errors.

    Raises:
        DataError: it is none, or one of other than numbers.
    """
    if type(value) is tuple and len(value) == 2 and value[1] == "bfloat16":
        value = value[0]
    try:
        shape, kind, content, order = _described(value)
        return _floats(_shaped(content, kind, shape, order))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise DataError(f"an array in it cannot be read: {error}", path=path) from error


def arrays_in_npy(content: bytes, path: Path) -> list[Float32[np.ndarray, "..."]]:
    """Read arrays that stand one after the other, each as a `.npy` file has it.

    Raises:
        DataError: they are not whole, or hold other than numbers.
    """
    stream = io.BytesIO(content)
    arrays = []
    try:
        while stream.tell() < len(content):
            shape, fortran, dtype = _read_header(stream)
            size = _size(shape) * dtype.itemsize
            # Sized by what is there: a header may promise any number of numbers.
            found = stream.read(min(size, len(content)))
            arrays.append(_floats(_shaped(found, dtype, shape, "F" if fortran else "C")))
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"holds no whole arrays of numbers: {error}", path=path) from error
    return arrays


_HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}


def _read_header(stream: io.BytesIO) -> tuple[Any, bool, np.dtype]:
    """Read what says shape, order and kind of the numbers behind it."""
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format")
    try:
        header: tuple[Any, bool, np.dtype] = _HEADERS[version](stream)
    # NumPy parses it as Python, whose parser has many ways to give up.
    except (SyntaxError, tokenize.TokenError, LookupError, RecursionError, MemoryError) as error:
        raise ValueError("a header that is none") from error
    return header


def _described(value: Any) -> tuple[Any, np.dtype, bytes, Any]:
    """Take shape, kind, content and order of numbers out of a pickled array."""
    if not isinstance(value, Made):
        raise ValueError(f"a {type(value).__name__} where an array should be")
    if value.what.name in _JAX:  # an array of NumPy's in other clothes
        function, arguments, state = value.arguments[:3]
        if not isinstance(function, Named) or type(arguments) is not tuple:
            raise ValueError("an array of JAX that is none of NumPy's")
        value = Made(function, arguments)
        value.state = state
    if value.what.name == "_frombuffer":
        content, dtype, shape, order = value.arguments
    elif value.what.name == "_reconstruct":
        _, shape, dtype, is_fortran, content = value.state
        order = "F" if is_fortran else "C"
    else:
        raise ValueError(f"{value.what} where an array should be")
    if not isinstance(content, bytes | bytearray):
        raise ValueError("its numbers are no bytes but objects")
    return shape, _dtype(dtype), bytes(content), order


def _dtype(value: Any) -> np.dtype:
    if not isinstance(value, Made) or value.what.name != "dtype":
        raise ValueError("its kind of number is not named")
    code, order = value.arguments[0], value.state[1]
    if type(code) is not str or code not in _CODES or order not in ("<", ">", "=", "|"):
        raise ValueError(f"numbers of the kind {_shown(code)}; expected floats")
    return np.dtype(f"{order}{code}")


def _shaped(content: bytes, dtype: np.dtype, shape: Any, order: str) -> np.ndarray:
    size = _size(shape) * dtype.itemsize
    if size != len(content):
        raise ValueError(f"{len(content):,} bytes for the shape {shape}, which needs {size:,}")
    if order not in ("C", "F"):
        raise ValueError(f"an unknown order of numbers, {_shown(order)}")
    return np.frombuffer(content, dtype).reshape(shape, order=order)  # type: ignore[call-overload,no-any-return]


def _size(shape: Any) -> int:
    if type(shape) is not tuple or not all(type(axis) is int and axis >= 0 for axis in shape):
        raise ValueError(f"a {type(shape).__name__} that is no shape")
    return math.prod(shape)


def _shown(value: Any) -> str:
    """Show a text, and of anything else its type: to print tuples of tuples ... has no end."""
    return f"{value!r:.20}" if type(value) is str else f"a {type(value).__name__}"


def _floats(array: np.ndarray) -> Float32[np.ndarray, "..."]:
    """Give numbers as float32; whole numbers of two bytes are the bits of bfloat16."""
    if array.dtype == np.uint16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    if array.dtype.kind != "f":
        raise ValueError(f"numbers of the kind {array.dtype}; expected floats")
    with np.errstate(over="ignore"):  # what is too great becomes infinite, and is refused as such
        return array.astype(np.float32)
