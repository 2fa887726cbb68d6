"""The compiled part of the engine, where the install could compile it."""

import ctypes
from pathlib import Path

import numpy as np

__all__ = ["Kernel", "open_kernel"]

_LIBRARY = Path(__file__).with_name("lstm.library")
_POINTER, _NUMBER, _FLAG = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32


class Kernel:
    """The functions of `lstm.c`; while one runs, other threads may.

    Args:
        path: the compiled library.
    """

    def __init__(self, path: Path):
        library = ctypes.CDLL(str(path))
        self._step, self._read = library.gemel_step, library.gemel_read
        self._step.argtypes = [_NUMBER, _NUMBER, *[_POINTER] * 10, _FLAG]
        self._read.argtypes = [_NUMBER, _NUMBER, *[_POINTER] * 7, _FLAG]
        self._step.restype = self._read.restype = None

    def step(self, tokens: np.ndarray, *arrays: np.ndarray, highest: bool) -> None:
        """Compute nodes of a level; see `gemel_step`."""
        units = arrays[-1].shape[1]
        self._step(len(tokens), units, *map(_address, (tokens, *arrays)), highest)

    def read(self, tokens: np.ndarray, *arrays: np.ndarray, highest: bool) -> None:
        """Read one question; see `gemel_read`."""
        units = arrays[-1].shape[-1]
        self._read(len(tokens), units, *map(_address, (tokens, *arrays)), highest)


def _address(array: np.ndarray) -> int:
    if not array.flags.c_contiguous or array.dtype not in (np.float32, np.int32):
        raise TypeError(f"expected a whole array of float32 or int32, not {array.dtype}")
    return array.ctypes.data


def open_kernel() -> Kernel:
    """Open what was compiled when gemel was installed.

    Raises:
        OSError: nothing was, or for another machine.
    """
    return Kernel(_LIBRARY)
