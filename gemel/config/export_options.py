"""Options of `gemel export`."""

from dataclasses import dataclass

from gemel.config.base import Options, option
from gemel.errors import ConfigError

TARGETS = ("sentence-transformers", "onnx")
"""Tools that a model can be exported to."""


@dataclass(frozen=True, kw_only=True)
class ExportOptions(Options):
    """Options of an export."""

    to: str = TARGETS[0]
    """One of `TARGETS`; required on the command line."""
    int8: bool = option(False, "For onnx: also write an int8 file, a quarter as large.")
    overwrite: bool = option(False, "Overwrite an existing export.")

    def __post_init__(self) -> None:
        if self.to not in TARGETS:
            raise ConfigError(
                f"a model is exported to one of {', '.join(TARGETS)}, not {self.to!r}"
            )
