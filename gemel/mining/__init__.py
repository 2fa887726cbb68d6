"""Hard negatives from labelled pairs."""

from gemel.config.mining_rules import MiningRules
from gemel.mining.mined import Mined

__all__ = ["Mined", "MiningRules"]
