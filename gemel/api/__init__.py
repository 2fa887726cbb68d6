"""The library's verbs, each a few lines over the rooms below."""

from gemel.api.answering import compare, encode, load
from gemel.api.files import audit, sample, split
from gemel.api.keeping import backup, dedupe, index, open_index, reindex, restore
from gemel.api.learning import train
from gemel.api.measuring import evaluate, fit

__all__ = [
    "audit",
    "backup",
    "compare",
    "dedupe",
    "encode",
    "evaluate",
    "fit",
    "index",
    "load",
    "open_index",
    "reindex",
    "restore",
    "sample",
    "split",
    "train",
]
