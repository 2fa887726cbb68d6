"""Public functions, imported on first use; `gemel/__init__.pyi` lists them."""

from typing import TYPE_CHECKING, Any

import gemel

if TYPE_CHECKING:
    from gemel import *  # noqa: F403

__all__ = [name for name, module in gemel._MODULES.items() if module.startswith("gemel.api.")]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'gemel.api' has no attribute {name!r}")
    return getattr(gemel, name)


def __dir__() -> list[str]:
    return __all__
