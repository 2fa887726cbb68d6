"""Settings: frozen, keyword-only, checked when they are made.

The defaults are the notebook's network and loss, masked: those of `gemel/configs/notebook.toml`.
"""

from gemel.config.command_options import (
    LINKAGES,
    DedupeOptions,
    ExportOptions,
    ShardOptions,
    TrainOptions,
)
from gemel.config.config import Config, packaged_settings
from gemel.config.evaluation_options import EvaluateOptions, FitOptions
from gemel.config.mining_rules import SAMPLINGS, SKIPS, MiningRules
from gemel.config.require import MOST_THREADS, require_number, require_whole
from gemel.config.sections import (
    BACKENDS,
    KEPT,
    LOSSES,
    OBJECTIVES,
    POOLINGS,
    PRECISIONS,
    REFINING,
    VECTOR_PRECISIONS,
    WEIGHTS,
    WORD_VECTORS,
    DecisionConfig,
    NetworkConfig,
    TextConfig,
    TrainingConfig,
)

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
    "ShardOptions",
    "TrainOptions",
    "TrainingConfig",
    "VECTOR_PRECISIONS",
    "WEIGHTS",
    "WORD_VECTORS",
    "packaged_settings",
    "require_number",
    "require_whole",
]
