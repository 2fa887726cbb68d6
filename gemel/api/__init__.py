"""Public functions, imported on first use; `gemel/__init__.pyi` lists them.

Parameters that several have:

- pairs: a CSV, TSV, JSON Lines or Parquet file, a frame, rows, or pairs; see `read_pairs`.
- questions: a text file with a question a line, a CSV, TSV, JSON Lines or Parquet file, a frame, or
  a list of questions, whose ids are then their indices.
- model: a model folder, the name of a model that ships, a `Model`, or an `Engine`.
- db: an SQLite file, or `postgresql://…`.
- options: an options object; `**changes` are its fields by name, such as `probability=0.8`.
- columns: columns, if not the usual ones.
- skip_bad: number of bad rows to skip; see `read_pairs`. For `compare` and `encode`, a question
  without word or mark makes one too.
- neighbours: search: "exact", "approximate", or "auto".
- seen: allow pairs that the model was trained or fitted on.
- threads: number of threads.
- overwrite: overwrite an existing output.
- progress: `progress(stage, done, total)` callback; the total is None if unknown.

Errors that several raise:

- FolderError: a model cannot be loaded, or an existing one may not be overwritten.
- StoreError: a corpus is missing, damaged, or of a newer gemel.
- ModelMismatchError: the vectors of a corpus are of another model.
- DataError: a file cannot be read, has nothing to read, or may not be overwritten.
- ConfigError: an option is out of range.
- MissingExtraError: an extra is not installed.
- OSError: an output cannot be written; an existing one is unchanged.
"""

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
