"""The extras that gemel can be installed with, and what of them is here."""

import importlib.metadata
import re
from dataclasses import dataclass

_NEED = re.compile(r"([\w.-]+)(?:\[[\w,.-]+\])?\s*([^;]*);.*\bextra\s*==\s*['\"]([\w.-]+)['\"]")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Need:
    """A package that an extra brings."""

    package: str
    wanted: str
    """Its versions, as `>=2.5,<3`."""
    installed: str | None
    """Its version here, if it is here."""

    @property
    def is_met(self) -> bool:
        """Whether it is here, in a version that gemel is made for."""
        return self.installed is not None and all(
            _holds(self.installed, bound) for bound in self.wanted.split(",") if bound
        )


@dataclass(frozen=True)
class Extra:
    """A name to put in brackets behind gemel when it is installed."""

    name: str
    needs: tuple[Need, ...]

    @property
    def is_here(self) -> bool:
        """Whether all that it brings is here."""
        return all(need.is_met for need in self.needs)

    @property
    def command(self) -> str:
        """What to type to have it."""
        return f"pip install 'gemel[{self.name}]'"


def find_extras() -> list[Extra]:
    """List the extras, by name; looks at what is installed, and imports nothing of it.

    Where gemel runs from its source, without being installed, nobody knows its extras: none.
    """
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


def installed_version(package: str) -> str | None:
    """Give the version of a package that is installed, without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _holds(version: str, bound: str) -> bool:
    """Whether a version is at least, or below, another; of other bounds nothing is said."""
    mine, other = _numbers(version), _numbers(bound)
    if bound.strip().startswith(">="):
        return mine >= other
    if bound.strip().startswith("<") and "=" not in bound:
        return mine < other
    return True


def _numbers(text: str) -> tuple[int, ...]:
    """Read 2.10.0+cpu as (2, 10), so that 2.10 and 2.10.0 are the same."""
    found = _NUMBER.search(text)
    numbers = list(map(int, found[0].split("."))) if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
