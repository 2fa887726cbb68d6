"""Where gemel runs: what `gemel --version` and `gemel doctor` tell of it."""

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from gemel.cli.extras import find_extras, installed_version
from gemel.version import __version__

_GROUPS = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60
"""Bytes from which on a limit of memory is none: older kernels write a huge number."""


def describe_environment() -> Iterator[str]:
    """Say, a line each, which gemel this is, first of all, and where it runs."""
    from gemel.inference import available_cores, choose_backend

    yield f"gemel {__version__}"
    for name, version in versions().items():
        yield f"{name} {version}"
    backend = choose_backend()
    yield f"backend {backend.name}: {backend.precision}, {backend.why}"
    yield f"threads {available_cores()}"
    here = [extra.name for extra in find_extras() if extra.is_here]
    yield f"extras {', '.join(here) or 'none'}"


def versions() -> dict[str, str]:
    """Give the versions of what gemel stands on; nothing is imported for it."""
    packages = {name: installed_version(name) or "not installed" for name in ("numpy", "torch")}
    python = f"{platform.python_version()} ({platform.python_implementation()}, {sys.executable})"
    return {"python": python, "platform": platform.platform(), **packages}


def cgroup_cores(root: Path = _GROUPS) -> float | None:
    """Give how many cores a container may keep busy, where it is limited.

    Args:
        root: where the kernel shows control groups, of either version.
    """
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        cores = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return cores if cores > 0 else None


def cgroup_memory(root: Path = _GROUPS) -> int | None:
    """Give how many bytes a container may use, where it is limited; `root` as above."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = int((root / name).read_text())
        except (OSError, ValueError):
            continue
        return limit if limit < _UNLIMITED else None
    return None


def machine_memory() -> int | None:
    """Give the bytes of memory of the machine, where it tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
