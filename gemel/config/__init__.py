"""Settings: frozen, keyword-only, checked when they are made.

The defaults are the notebook's network and loss, masked: those of `gemel/configs/notebook.toml`.
"""

from gemel.config.backends import BACKENDS, VECTOR_PRECISIONS
from gemel.config.config import Config, packaged_settings
from gemel.config.decision_config import OBJECTIVES, DecisionConfig
from gemel.config.network_config import POOLINGS, WEIGHTS, NetworkConfig
from gemel.config.refine_settings import REFINING
from gemel.config.require import MOST_THREADS, require_number, require_whole
from gemel.config.text_config import TextConfig
from gemel.config.training_config import KEPT, LOSSES, PRECISIONS, WORD_VECTORS, TrainingConfig

__all__ = [
    "BACKENDS",
    "Config",
    "DecisionConfig",
    "KEPT",
    "LOSSES",
    "MOST_THREADS",
    "NetworkConfig",
    "OBJECTIVES",
    "POOLINGS",
    "PRECISIONS",
    "REFINING",
    "TextConfig",
    "TrainingConfig",
    "VECTOR_PRECISIONS",
    "WEIGHTS",
    "WORD_VECTORS",
    "packaged_settings",
    "require_number",
    "require_whole",
]
