"""Losses know vectors and groups, no model."""

from gemel.losses.negatives import Negatives, allowed_negatives, mine_negatives
from gemel.losses.ranking import in_batch_ranking_loss
from gemel.losses.triplet import in_batch_triplet_loss, triplet_loss

__all__ = [
    "Negatives",
    "allowed_negatives",
    "in_batch_ranking_loss",
    "in_batch_triplet_loss",
    "mine_negatives",
    "triplet_loss",
]
