"""gemel learns when two questions ask the same thing.

>>> import gemel
>>> gemel.train("pairs.csv", "my-model")                                    # doctest: +SKIP
>>> gemel.load("my-model").predict("How old are you?", "What is your age?")  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

from gemel.version import __version__

if TYPE_CHECKING:
    from gemel.api import (
        audit,
        backup,
        compare,
        dedupe,
        dedupe_in_shards,
        download,
        encode,
        evaluate,
        export,
        export_reviews,
        fit,
        import_trax,
        index,
        load,
        mine,
        open_index,
        refine,
        reindex,
        restore,
        sample,
        split,
        train,
    )
    from gemel.config import Config, DecisionConfig, NetworkConfig, TextConfig, TrainingConfig
    from gemel.corpus import DuplicateIndex, Filled, Match
    from gemel.data import (
        Audit,
        BadRows,
        Columns,
        Pairs,
        QuestionPair,
        SampleReport,
        SplitReport,
        read_pairs,
    )
    from gemel.decision import Decision, Verdict
    from gemel.duplicates import Duplicates, Group
    from gemel.errors import (
        ConfigError,
        DataError,
        FolderError,
        GemelError,
        GemelWarning,
        LayerError,
        MissingExtraError,
        ModelMismatchError,
        ScaleError,
        StoreError,
        TrainingError,
        TrainingStopped,
    )
    from gemel.evaluation import FitFinding, Refit, Report
    from gemel.exchange import Exported
    from gemel.folder import Model
    from gemel.inference import Compared, Encoded, Engine, Explanation
    from gemel.mining import Mined, MiningRules
    from gemel.public_data import Fetched
    from gemel.scale import ShardedDuplicates
    from gemel.store import NewQuestion, Store

__all__ = [
    "Audit",
    "BadRows",
    "Columns",
    "Compared",
    "Config",
    "ConfigError",
    "DataError",
    "Decision",
    "DecisionConfig",
    "DuplicateIndex",
    "Duplicates",
    "Encoded",
    "Engine",
    "Explanation",
    "Exported",
    "Fetched",
    "Filled",
    "FitFinding",
    "FolderError",
    "GemelError",
    "GemelWarning",
    "Group",
    "LayerError",
    "Match",
    "Mined",
    "MiningRules",
    "MissingExtraError",
    "Model",
    "ModelMismatchError",
    "NetworkConfig",
    "NewQuestion",
    "Pairs",
    "QuestionColumns",
    "QuestionPair",
    "Refit",
    "Report",
    "SampleReport",
    "ScaleError",
    "ShardedDuplicates",
    "SplitReport",
    "Store",
    "StoreError",
    "TextConfig",
    "TrainingConfig",
    "TrainingError",
    "TrainingStopped",
    "Verdict",
    "__version__",
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
    "read_pairs",
    "refine",
    "reindex",
    "restore",
    "sample",
    "split",
    "train",
]

# Public names come in on first use, so that `import gemel` costs next to nothing.
_ROOMS = {
    "api": (
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
    ),
    "config": ("Config", "DecisionConfig", "NetworkConfig", "TextConfig", "TrainingConfig"),
    "public_data": ("Fetched",),
    "data": (
        "Audit",
        "BadRows",
        "Columns",
        "Pairs",
        "QuestionColumns",
        "QuestionPair",
        "SampleReport",
        "SplitReport",
        "read_pairs",
    ),
    "decision": ("Decision", "Verdict"),
    "errors": (
        "ConfigError",
        "DataError",
        "FolderError",
        "GemelError",
        "GemelWarning",
        "LayerError",
        "MissingExtraError",
        "ModelMismatchError",
        "ScaleError",
        "StoreError",
        "TrainingError",
        "TrainingStopped",
    ),
    "evaluation": ("FitFinding", "Refit", "Report"),
    "exchange": ("Exported",),
    "folder": ("Model",),
    "inference": ("Compared", "Encoded", "Engine", "Explanation"),
    "scale": ("ShardedDuplicates",),
    "corpus": ("DuplicateIndex", "Filled", "Match"),
    "duplicates": ("Duplicates", "Group"),
    "mining": ("Mined", "MiningRules"),
    "store": ("NewQuestion", "Store"),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(importlib.import_module(f"gemel.{room}"), name)
    raise AttributeError(f"module 'gemel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
