"""Settings: frozen, keyword-only, checked when they are made.

The defaults are the notebook's network and loss, masked: those of `gemel/configs/notebook.toml`.
"""

from gemel.config.backends import BACKENDS, VECTOR_PRECISIONS
from gemel.config.config import Config, packaged_settings
from gemel.config.dedupe_options import LINKAGES, DedupeOptions
from gemel.config.evaluation_options import EvaluateOptions, FitOptions
from gemel.config.export_options import ExportOptions
from gemel.config.mining_rules import SAMPLINGS, SKIPS, MiningRules
from gemel.config.require import MOST_THREADS, require_number, require_whole
from gemel.config.sections import (
    KEPT,
    LOSSES,
    OBJECTIVES,
    POOLINGS,
    PRECISIONS,
    REFINING,
    WEIGHTS,
    WORD_VECTORS,
    DecisionConfig,
    NetworkConfig,
    TextConfig,
    TrainingConfig,
)
from gemel.config.train_options import TrainOptions

__all__ = [
    "BACKENDS",
    "Config",
    "DecisionConfig",
    "DedupeOptions",
    "EvaluateOptions",
    "ExportOptions",
    "FitOptions",
    "KEPT",
    "LINKAGES",
    "LOSSES",
    "MOST_THREADS",
    "MiningRules",
    "NetworkConfig",
    "OBJECTIVES",
    "POOLINGS",
    "PRECISIONS",
    "REFINING",
    "SAMPLINGS",
    "SKIPS",
    "TextConfig",
    "TrainOptions",
    "TrainingConfig",
    "VECTOR_PRECISIONS",
    "WEIGHTS",
    "WORD_VECTORS",
    "packaged_settings",
    "require_number",
    "require_whole",
]
