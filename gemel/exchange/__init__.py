"""What other tools read, written; what other tools wrote, read."""

from gemel.exchange.agreement import TOLERANCE, Agreement, Disagreement
from gemel.exchange.exporter import TARGETS, Exported, export_model
from gemel.exchange.frozen_model import Frozen, Reading, freeze, unknown_words

__all__ = [
    "TARGETS",
    "TOLERANCE",
    "Agreement",
    "Disagreement",
    "Exported",
    "Frozen",
    "Reading",
    "export_model",
    "freeze",
    "unknown_words",
]
