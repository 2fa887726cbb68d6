"""Losses know vectors and groups, no model."""

from gemel.losses.in_batch import (
    Negatives,
    allowed_negatives,
    in_batch_ranking_loss,
    in_batch_triplet_loss,
    mine_negatives,
    triplet_loss,
)

__all__ = [
    "Negatives",
    "allowed_negatives",
    "in_batch_ranking_loss",
    "in_batch_triplet_loss",
    "mine_negatives",
    "triplet_loss",
]
