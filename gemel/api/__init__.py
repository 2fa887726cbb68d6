"""The library's verbs, each a few lines over the rooms below."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemel.api.answering import compare, encode, load
    from gemel.api.exchanging import export
    from gemel.api.fetching import download
    from gemel.api.files import audit, sample, split
    from gemel.api.importing import import_trax
    from gemel.api.keeping import (
        backup,
        dedupe,
        dedupe_in_shards,
        index,
        open_index,
        reindex,
        restore,
    )
    from gemel.api.learning import refine, train
    from gemel.api.measuring import evaluate, fit
    from gemel.api.mining import mine
    from gemel.api.reviewing import export_reviews

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
    "answering": ("compare", "encode", "load"),
    "exchanging": ("export",),
    "fetching": ("download",),
    "files": ("audit", "sample", "split"),
    "importing": ("import_trax",),
    "keeping": (
        "backup",
        "dedupe",
        "dedupe_in_shards",
        "index",
        "open_index",
        "reindex",
        "restore",
    ),
    "learning": ("refine", "train"),
    "measuring": ("evaluate", "fit"),
    "mining": ("mine",),
    "reviewing": ("export_reviews",),
}


def __getattr__(name: str) -> Any:
    for file, names in _FILES.items():
        if name in names:
            return getattr(importlib.import_module(f"gemel.api.{file}"), name)
    raise AttributeError(f"module 'gemel.api' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
