"""The environment: versions, extras, cores and memory."""

import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gemel.version import __version__, installed_version

_NEED = re.compile(r"([\w.-]+)(?:\[[\w,.-]+\])?\s*([^;]*);.*\bextra\s*==\s*['\"]([\w.-]+)['\"]")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Need:
    """A package of an extra."""

    package: str
    wanted: str
    """Required versions, such as `>=2.5,<3`."""
    installed: str | None
    """Installed version, if any."""

    @property
    def is_met(self) -> bool:
        """Whether a required version is installed."""
        return self.installed is not None and all(
            _holds(self.installed, bound) for bound in self.wanted.split(",") if bound
        )


@dataclass(frozen=True)
class Extra:
    """An extra of gemel."""

    name: str
    needs: tuple[Need, ...]

    @property
    def is_here(self) -> bool:
        """Whether all its packages are installed."""
        return all(need.is_met for need in self.needs)

    @property
    def command(self) -> str:
        """Command that installs it."""
        return f"pip install 'gemel[{self.name}]'"


def find_extras() -> list[Extra]:
    """Return the extras by name, without importing them; none if gemel is not installed."""
    try:
        lines = importlib.metadata.requires("gemel") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    extras: dict[str, list[Need]] = {}
    for line in lines:
        found = _NEED.match(line)
        if found:
            package, wanted, extra = found.groups()
            need = Need(package, wanted.strip(" ()"), installed_version(package))
            extras.setdefault(extra, []).append(need)
    return [Extra(name, tuple(needs)) for name, needs in sorted(extras.items())]


def _holds(version: str, bound: str) -> bool:
    """Return whether a version satisfies a bound; unknown bounds are satisfied."""
    mine, other = _numbers(version), _numbers(bound)
    if bound.strip().startswith(">="):
        return mine >= other
    if bound.strip().startswith("<") and "=" not in bound:
        return mine < other
    return True


def _numbers(text: str) -> tuple[int, ...]:
    """Parse 2.10.0+cpu as (2, 10), equal to 2.10."""
    found = _NUMBER.search(text)
    numbers = list(map(int, found[0].split("."))) if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


_GROUPS = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60
"""Bytes from which a memory limit means none, as on older kernels."""


def describe_environment() -> Iterator[str]:
    """Yield lines that describe the environment, gemel's version first."""
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
    """Return the versions of gemel's dependencies, without importing them."""
    packages = {name: installed_version(name) or "not installed" for name in ("numpy", "torch")}
    python = f"{platform.python_version()} ({platform.python_implementation()}, {sys.executable})"
    return {"python": python, "platform": platform.platform(), **packages}


def cgroup_cores(root: Path = _GROUPS) -> float | None:
    """Return the container's limit of cores, if any; `root`: the kernel's control groups."""
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
    """Return the container's limit of memory in bytes, if any."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = int((root / name).read_text())
        except (OSError, ValueError):
            continue
        return limit if limit < _UNLIMITED else None
    return None


def machine_memory() -> int | None:
    """Return the machine's memory in bytes, if known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
