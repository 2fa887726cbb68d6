"""In-batch negatives: who may be one, and how near they are."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Negatives(NamedTuple):
    """How alike the negatives of each anchor are to it."""

    closest: Float[Tensor, "batch"]
    """Cosine similarity of the most similar one."""
    mean: Float[Tensor, "batch"]
    """Mean cosine similarity of all of them."""
    exists: Bool[Tensor, "batch"]
    """Whether the anchor has any; where not, the two numbers are 0."""


def allowed_negatives(
    groups: Int[Tensor, "batch"], candidates: Int[Tensor, "candidates"]
) -> Bool[Tensor, "batch candidates"]:
    """Return which candidates are negatives of each row: those of another duplicate group."""
    return groups[:, None] != candidates[None, :]


def mine_negatives(
    similarity: Float[Tensor, "batch candidates"], allowed: Bool[Tensor, "batch candidates"]
) -> Negatives:
    """Find the closest and the mean negative of every row.

    Args:
        similarity: cosine of anchor (row) and candidate (column).
        allowed: which cells are negatives.

    Returns:
        Two numbers a row, and whether the row has a negative at all.
    """
    exists = allowed.any(dim=1)
    closest = similarity.masked_fill(~allowed, -torch.inf).amax(dim=1)
    counts = allowed.sum(dim=1).clamp_min(1)
    mean = similarity.masked_fill(~allowed, 0).sum(dim=1) / counts
    return Negatives(torch.where(exists, closest, 0), mean, exists)
