"""What computes vectors on this machine, and why."""

import functools
import platform
from dataclasses import dataclass

import numpy as np

from gemel.config import BACKENDS
from gemel.errors import ConfigError
from gemel.inference.kernel import Kernel, open_kernel

__all__ = ["Backend", "choose_backend"]


@dataclass(frozen=True)
class Backend:
    """How vectors are computed."""

    name: str
    """"compiled": NumPy's matrix product and gemel's own compiled loop over the gates; "numpy":
    NumPy alone, at about half of the speed. Both compute in float32."""
    why: str
    """What speaks for it."""
    kernel: Kernel | None = None
    """The compiled loop."""


def choose_backend(name: str = "auto") -> Backend:
    """Choose the quickest backend that gives the right numbers here, or the one that is asked for.

    Args:
        name: one of `BACKENDS`.

    Raises:
        ConfigError: no such backend, or not on this machine.
    """
    if name not in BACKENDS:
        raise ConfigError(f"backend must be one of {', '.join(BACKENDS)}, not {name!r}")
    if name == "numpy":
        return Backend("numpy", "asked for")
    kernel, problem = _kernel()
    if kernel is not None:
        return Backend("compiled", f"the quickest on this {platform.machine()}", kernel)
    if name == "compiled":
        raise ConfigError(f"backend compiled cannot be had: {problem}")
    return Backend("numpy", problem)


@functools.cache
def _kernel() -> tuple[Kernel | None, str]:
    """Open the compiled loop, and see that it computes what it should; else say why not."""
    try:
        kernel = open_kernel()
    except OSError:
        return None, (
            "gemel was installed without its compiled part; with a C compiler there (gcc or "
            "clang), install it again"
        )
    if not _is_right(kernel):
        return None, "the compiled part gives wrong numbers on this machine; please report it"
    return kernel, ""


def _is_right(kernel: Kernel) -> bool:
    """Compare one step from a state of zeros with what NumPy makes of it."""
    units = 19
    gates = np.linspace(-9, 9, 4 * units, dtype=np.float32).reshape(1, -1)
    i, _, g, o = np.split(np.tanh(gates[0]), 4)
    c = 0.5 * (1 + i) * g
    expected = 0.5 * (1 + o) * np.tanh(c)
    nothing = np.zeros((1, units), np.float32)
    one, h, new, pool = np.zeros(1, np.int32), *(np.empty((1, units), np.float32) for _ in range(3))
    products = np.zeros_like(gates)
    kernel.step(one, one, one, gates, products, nothing, nothing, h, new, pool, highest=False)
    return np.allclose(h, expected, atol=1e-5) and np.allclose(pool, h, atol=1e-6)
