"""gemel learns when two questions ask the same thing.

>>> import gemel
>>> gemel.train("pairs.csv", "my-model")                                    # doctest: +SKIP
>>> gemel.load("my-model").predict("How old are you?", "What is your age?")  # doctest: +SKIP
"""

import importlib
import re
from pathlib import Path
from typing import Any

# The stub is the only list of public names. Each is imported on first use.
_MODULES = {
    name: module
    for module, name in re.findall(
        r"^from (\S+) import \w+ as (\w+)$",
        Path(__file__).with_name("__init__.pyi").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'gemel' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
