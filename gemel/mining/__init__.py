"""Hard negatives from labelled pairs."""

from gemel.mining.mined import Mined
from gemel.mining.mining_rules import MiningRules

__all__ = [
    "Mined",
    "MiningRules",
]
