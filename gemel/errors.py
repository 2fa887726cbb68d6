"""Every error that gemel raises on purpose.

GemelError
├── ConfigError        ValueError    a setting that does not exist or has no meaning
├── DataError          ValueError    a file, a row or a text that is no use; knows path and line
├── FolderError        OSError       a model folder that is missing, damaged or from the future
├── LayerError         ValueError    a layer that was wired or called wrongly
├── MissingExtraError  ImportError   a part of gemel whose packages are not installed
├── ModelMismatchError ValueError    vectors of one model where another's are stored
├── ScaleError         RuntimeError  a large run whose tasks cannot be computed where they should be
├── StoreError         OSError       a store of questions that is damaged, full, gone or locked
├── TrainingError      RuntimeError  training that cannot continue
└── TrainingStopped    RuntimeError  training that a user asked to stop, and that can be resumed

GemelWarning, a UserWarning, is issued for what is probably wrong and was done all the same.
"""

from pathlib import Path
from typing import Any


class GemelError(Exception):
    """The root: `except GemelError` catches whatever gemel raises on purpose."""


class GemelWarning(UserWarning):
    """Labels, a decision or a training that is probably of no use; the result was written."""


class ConfigError(GemelError, ValueError):
    """A setting that does not exist or whose value has no meaning."""


class DataError(GemelError, ValueError):
    """Data that cannot be used.

    Args:
        message: what was found, what was expected, what to do.
        path: the file it came from, if any.
        line: the line of that file, counted from 1, if one line is to blame.
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
    """A part of gemel whose packages are not installed; gives the line to type."""

    def __init__(self, what: str, extra: str):
        self.what = what
        self.extra = extra
        super().__init__(f"{what} needs packages that are not here: pip install 'gemel[{extra}]'")

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str], dict[str, Any]]:
        # Pickle would call it with its message alone.
        return type(self), (self.what, self.extra), self.__dict__


class ModelMismatchError(GemelError, ValueError):
    """Vectors of one model where those of another are stored; the two cannot be compared."""


class ScaleError(GemelError, RuntimeError):
    """A large run whose tasks cannot be computed where they should be; what is done stays."""


class StoreError(GemelError, OSError):
    """A store of questions that is damaged, full, gone, locked, or written by a newer gemel."""


class TrainingError(GemelError, RuntimeError):
    """Training that cannot continue."""


class TrainingStopped(GemelError, RuntimeError):  # noqa: N818 - asked for, so no error
    """Training that a user asked to stop; its checkpoint is written, and it can be resumed."""
