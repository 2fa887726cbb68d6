"""Choice of the backend that computes vectors, and its threads."""

import contextlib
import functools
import os
import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController

from gemel.compiled import open_library
from gemel.config import BACKENDS, NetworkConfig
from gemel.errors import ConfigError
from gemel.inference.lstm_backends import TILES, CompiledLSTM, NumpyLSTM
from gemel.text import TokenTable


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_controller = functools.cache(ThreadpoolController)
"""Looks for the loaded libraries, which takes milliseconds; they do not change."""


class _SharedLimit:
    """Limits the process's threads while any caller needs it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.limit = contextlib.ExitStack()

    def __enter__(self) -> None:
        with self.lock:
            if not self.inside:
                self.limit.enter_context(_controller().limit(limits=1))
            self.inside += 1

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.limit.close()


_SHARED = _SharedLimit()


def one_compute_thread() -> contextlib.AbstractContextManager[None]:
    """Limit NumPy's linear algebra to one thread; reentrant.

    Its matrices are small, and on a busy machine several BLAS threads wait for each other. Measured
    on 2 busy cores: 757 questions/s with NumPy's default threads, 14,659 with one.
    """
    return _SHARED


MakeLSTM = Callable[[Mapping[str, np.ndarray], str, bool], NumpyLSTM]
"""Makes an LSTM in one direction from weights, its name, and whether to pool by maximum."""


@dataclass(frozen=True)
class Backend:
    """An implementation of the encoder."""

    name: str
    """One of `BACKENDS`: "tiles", "compiled" or "numpy"."""
    why: str
    """Reason for the choice."""
    make_lstm: MakeLSTM

    @property
    def precision(self) -> str:
        """Precision of products: "bfloat16" or "float32". Sums are float32."""
        return "bfloat16" if self.name == "tiles" else "float32"


def choose_backend(name: str = "auto", network: NetworkConfig | None = None) -> Backend:
    """Choose the fastest backend with the precision that the model needs, or the requested one.

    "auto" uses "tiles" only for models that promise no exact numbers (`NetworkConfig.is_exact`):
    bfloat16 moves their vectors by a cosine of less than 1e-5.

    Args:
        name: one of `BACKENDS`.
        network: network of the model; one with masking if None.

    Raises:
        ConfigError: unknown, or not available on this machine.
    """
    if name not in BACKENDS:
        raise ConfigError(f"backend must be one of {', '.join(BACKENDS)}, not {name!r}")
    if name == "numpy":
        return Backend("numpy", "asked for", NumpyLSTM)
    why = f"the quickest on this {platform.machine()}"
    candidates = [name]
    if name == "float32" or (name == "auto" and network is not None and network.is_exact):
        candidates, why = ["compiled"], f"{why} in float32"
    elif name == "auto":
        candidates = ["tiles", "compiled"]
    for candidate in candidates:
        make, problem = _compiled(candidate)
        if make is not None:
            return Backend(candidate, why, make)
    if name == candidate:
        raise ConfigError(f"backend {name} cannot be had: {problem}")
    return Backend("numpy", problem, NumpyLSTM)


@functools.cache
def _compiled(name: str) -> tuple[MakeLSTM | None, str]:
    """Open a compiled backend and verify it; or return why it is not available."""
    try:
        library = open_library()
    except OSError:
        return None, (
            "gemel was installed without its compiled part; with a C compiler there (gcc or "
            "clang), install it again"
        )
    kinds = library.call("gemel_kinds", ())
    if name == "tiles" and not kinds >> TILES & 1:
        return None, "this processor has no tiles (AMX), or the system or the compiler forbids them"
    kind = TILES if name == "tiles" else (kinds & (1 << TILES) - 1).bit_length() - 1
    make = functools.partial(CompiledLSTM, library=library, kind=kind)
    if not _is_right(make, atol=1e-2 if kind == TILES else 1e-5):
        return None, "the compiled part gives wrong numbers on this machine; please report it"
    return make, ""


def _is_right(make: MakeLSTM, *, atol: float) -> bool:
    """Compare a small network's output with NumPy's."""
    units, words = 19, 7
    shapes = {"weight_ih": (4 * units, 3), "weight_hh": (4 * units, units), "bias": (4 * units,)}
    weights = {
        f"lstm.{name}": np.sin(np.arange(1, 1 + np.prod(shape), dtype=np.float32)).reshape(shape)
        for name, shape in shapes.items()
    }
    vectors = np.cos(np.arange(3 * words, dtype=np.float32)).reshape(words, 3)
    rows = [[0, 1, 2], [0, 1, 3, 4], [5], *([word, 6, word] for word in range(words))]
    table = TokenTable.from_rows(rows)
    found, expected = (each(weights, "lstm", False)(table, vectors) for each in (make, NumpyLSTM))
    return np.allclose(found, expected, rtol=0, atol=atol)
