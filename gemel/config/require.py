"""Checks of settings and options; all raise `ConfigError`."""

import dataclasses
import math
import operator
from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any

from gemel.errors import ConfigError

MOST_THREADS = 1024
"""Maximum number of threads or processes."""


def require(holds: bool, message: str) -> None:
    """Raise `ConfigError` with the message unless the condition holds."""
    if not holds:
        raise ConfigError(message)


_KINDS = {bool: bool, int: Integral, float: Real, str: str}


def require_kinds(section: str, settings: Any) -> None:
    """Check the types of a dataclass of bool, int, float and str; NumPy scalars become Python's."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if type(value).__module__ == "numpy" and hasattr(value, "item"):
            value = value.item()
            object.__setattr__(settings, field.name, value)
        kind: Any = field.type
        if not isinstance(value, _KINDS[kind]) or isinstance(value, bool) != (kind is bool):
            raise ConfigError(
                f"{section}.{field.name} must be of the type {kind.__name__}, not {value!r:.40}"
            )


def require_choices(section: str, settings: Any, **choices: Collection[str]) -> None:
    """Check that settings have one of their choices; `section` ends in a dot, or is empty."""
    for name, known in choices.items():
        value = getattr(settings, name)
        require(value in known, f"{section}{name} must be one of {', '.join(known)}, not {value!r}")


Range = tuple[str, Callable[[Any], bool]]
"""A range in words, to follow "must be", and its test."""
SHARE: Range = ("at least 0 and below 1", lambda value: 0 <= value < 1)


def require_ranges(section: str, settings: Any, **ranges: Range) -> None:
    """Check that settings are in their ranges."""
    for name, (words, holds) in ranges.items():
        value = getattr(settings, name)
        require(holds(value), f"{section}{name} must be {words}, not {value}")


def require_whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return an integer, of Python or NumPy, in its range, inclusive; None: no maximum."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or (most is not None and number > most):
        span = f"of {least:,} at least" if most is None else f"from {least:,} to {_shown(most)}"
        raise ConfigError(f"{name} must be a whole number {span}, not {value!r:.40}")
    return number


def require_number(name: str, value: Any, least: float | int, most: float | int) -> float:
    """Return a number in its range, inclusive; NaN is in none."""
    try:
        number = math.nan if isinstance(value, bool | str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        raise ConfigError(f"{name} must be from {least:g} to {most:g}, not {value!r:.40}")
    return number


def _shown(most: int) -> str:
    return "2**64 - 1" if most == 2**64 - 1 else f"{most:,}"
