"""Errors that gemel raises on purpose; all are `GemelError`, and a builtin error too."""

from pathlib import Path
from typing import Any


class GemelError(Exception):
    """Base class of all errors of gemel."""


class GemelWarning(UserWarning):
    """Labels, a decision or a training that is probably useless; the result was written."""


class ConfigError(GemelError, ValueError):
    """A setting that does not exist or whose value has no meaning."""


class DataError(GemelError, ValueError):
    """Data that cannot be used.

    Args:
        message: what is wrong and what to do.
        path: the file, if any.
        line: counted from 1, if one line is to blame.
    """

    def __init__(self, message: str, *, path: str | Path | None = None, line: int | None = None):
        self.path = None if path is None else Path(path)
        self.line = line
        where = "" if path is None else f"{path}:{line}: " if line is not None else f"{path}: "
        super().__init__(where + message)


class FolderError(GemelError, OSError):
    """A model folder that is missing, damaged, or written by a newer gemel."""


class LayerError(GemelError, ValueError):
    """A layer that was wired or called wrongly; names the layer and where it was made."""


class MissingExtraError(GemelError, ImportError):
    """A part of gemel whose packages are not installed; names the command that installs them."""

    def __init__(self, what: str, extra: str):
        self.what = what
        self.extra = extra
        super().__init__(
            f"{what} requires packages that are not installed: pip install 'gemel[{extra}]'"
        )

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str], dict[str, Any]]:
        # Pickle would pass the message alone.
        return type(self), (self.what, self.extra), self.__dict__


class ModelMismatchError(GemelError, ValueError):
    """Vectors of a model other than the store's; the two cannot be compared."""


class ScaleError(GemelError, RuntimeError):
    """A large run whose tasks fail on their workers; finished tasks are stored."""


class StoreError(GemelError, OSError):
    """A store of questions that is damaged, full, missing, locked, or written by a newer gemel."""


class TrainingError(GemelError, RuntimeError):
    """Training that cannot continue."""


class TrainingStopped(GemelError, RuntimeError):  # noqa: N818 - on request, so no error
    """Training stopped on request; its checkpoint is written, and it can be resumed."""
