"""The library that was compiled when gemel was installed."""

import ctypes
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_PATH = Path(__file__).with_name("gemel.library")
_POINTER, _NUMBER, _FLAG = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32
_FUNCTIONS: dict[str, list[Any]] = {
    "gemel_kinds": [],
    "gemel_rows": [_FLAG, _FLAG, _NUMBER, _NUMBER, _NUMBER, *[_POINTER] * 7],
    "gemel_spell": [*[_NUMBER] * 2, *[_POINTER] * 4],
    "gemel_sum_rows": [*[_NUMBER] * 2, *[_POINTER] * 4],
    "gemel_list_words": [_NUMBER, _NUMBER, *[_POINTER] * 3],
    "gemel_scan": [_NUMBER, _FLAG, _NUMBER, *[_POINTER] * 9],
    "gemel_step": [*[_FLAG] * 3, *[_NUMBER] * 2, *[_POINTER] * 8],
    "gemel_step_back": [*[_FLAG] * 3, *[_NUMBER] * 2, *[_POINTER] * 9],
}


class Library:
    """The functions of the C files here; while one runs, other threads may.

    Raises:
        OSError: there is no such library, or it is of another machine or another gemel.
    """

    def __init__(self, path: Path):
        library = ctypes.CDLL(str(path))
        try:
            for name, kinds in _FUNCTIONS.items():
                function = getattr(library, name)
                function.argtypes, function.restype = kinds, _NUMBER
        except AttributeError as error:
            raise OSError(f"{path}: is of another version of gemel: {error}") from error
        self._library = library

    def call(self, name: str, numbers: Sequence[int], *arrays: np.ndarray) -> int:
        """Call a function with its numbers and its arrays, in this order.

        Raises:
            MemoryError: no memory.
        """
        return self.bind(name, *arrays)(*numbers)

    def bind(self, name: str, *arrays: np.ndarray) -> Callable[..., int]:
        """Return a function with its arrays, to be called with its numbers; see `call`."""
        function = getattr(self._library, name)
        addresses = [_address(array) for array in arrays]

        def call(*numbers: int) -> int:
            found: int = function(*numbers, *addresses)
            if found < 0:
                raise MemoryError(f"{name} found no space to work in")
            return found

        return call


def _address(array: np.ndarray) -> int:
    if not array.flags.c_contiguous or array.dtype not in _KINDS:
        raise TypeError(
            f"expected a whole array of {', '.join(map(str, _KINDS))}, not {array.dtype}"
        )
    return array.ctypes.data


_KINDS = dict.fromkeys(map(np.dtype, ("float32", "int32", "int64", "uint8", "uint16", "uint64")))


def open_library(path: Path = _PATH) -> Library:
    """Open the compiled library; see `Library`."""
    return Library(path)


@functools.cache
def find_library() -> Library | None:
    """Open the compiled library, if there is one."""
    try:
        return open_library()
    except OSError:
        return None
