"""Public functions, imported on first use."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemel.api.corpus_functions import (
        backup,
        dedupe,
        dedupe_in_shards,
        export_reviews,
        index,
        mine,
        open_index,
        reindex,
        restore,
    )
    from gemel.api.evaluation_functions import evaluate, fit
    from gemel.api.exchange_functions import export, import_trax
    from gemel.api.pair_files import audit, download, sample, split
    from gemel.api.prediction import compare, encode, load
    from gemel.api.training_functions import refine, train

__all__ = [
    "audit",
    "backup",
    "compare",
    "dedupe",
    "dedupe_in_shards",
    "download",
    "encode",
    "evaluate",
    "export",
    "export_reviews",
    "fit",
    "import_trax",
    "index",
    "load",
    "mine",
    "open_index",
    "refine",
    "reindex",
    "restore",
    "sample",
    "split",
    "train",
]

# A verb brings in what it needs when it is called first: who compares two questions needs no store.
_FILES = {
    "prediction": ("compare", "encode", "load"),
    "exchange_functions": ("export", "import_trax"),
    "pair_files": ("audit", "download", "sample", "split"),
    "corpus_functions": (
        "backup",
        "dedupe",
        "dedupe_in_shards",
        "export_reviews",
        "index",
        "mine",
        "open_index",
        "reindex",
        "restore",
    ),
    "training_functions": ("refine", "train"),
    "evaluation_functions": ("evaluate", "fit"),
}


def __getattr__(name: str) -> Any:
    for file, names in _FILES.items():
        if name in names:
            return getattr(importlib.import_module(f"gemel.api.{file}"), name)
    raise AttributeError(f"module 'gemel.api' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
