"""Export of models to other tools, and import from them."""

from gemel.config.command_options import TARGETS
from gemel.exchange.agreement import TOLERANCE, Agreement, Disagreement
from gemel.exchange.frozen_model import Frozen, LstmDirection, freeze, unknown_words
from gemel.exchange.model_export import Exported, export_model

__all__ = [
    "TARGETS",
    "TOLERANCE",
    "Agreement",
    "Disagreement",
    "Exported",
    "Frozen",
    "LstmDirection",
    "export_model",
    "freeze",
    "unknown_words",
]
