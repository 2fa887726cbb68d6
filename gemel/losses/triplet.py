"""Triplet losses: a duplicate must be nearer than a negative, by a margin."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gemel.losses.negatives import allowed_negatives, mine_negatives


def triplet_loss(
    anchor: Float[Tensor, "batch dim"],
    positive: Float[Tensor, "batch dim"],
    negative: Float[Tensor, "batch dim"],
    margin: float = 0.25,
) -> Float[Tensor, ""]:
    """Compute the mean of max(|A - P|^2 - |A - N|^2 + margin, 0), to be minimised.

    Args:
        anchor, positive, negative: vectors; row i of each makes one triplet.
        margin: in squared distance; for unit vectors that is 2 - 2 * cosine.

    Source: Schroff et al. (2015), FaceNet, equation 3.
    """
    near = (anchor - positive).square().sum(dim=1)
    far = (anchor - negative).square().sum(dim=1)
    return (near - far + margin).clamp_min(0).mean()


def in_batch_triplet_loss(
    v1: Float[Tensor, "batch dim"],
    v2: Float[Tensor, "batch dim"],
    margin: float = 0.25,
    groups: Int[Tensor, "batch"] | None = None,
    negatives: Float[Tensor, "negatives dim"] | None = None,
    negative_groups: Int[Tensor, "negatives"] | None = None,
) -> Float[Tensor, ""]:
    """Compute the notebook's loss: the hinge on the closest negative and that on the mean one.

    Row i of `v1` and row i of `v2` are duplicates; every other row of `v2` is a negative of row i
    of `v1`, except those known to ask the same. Rows without a negative do not count.

    Args:
        v1, v2: unit vectors.
        margin: in cosine similarity.
        groups: duplicate group of each row; None means that every row is one of its own.
        negatives: unit vectors of further candidates, such as labelled non-duplicates.
        negative_groups: duplicate group of each of those.

    Returns:
        Mean over rows of max(0, margin - s + closest) + max(0, margin - s + mean), where s is the
        similarity of the row's own pair.

    Raises:
        ValueError: no row has a negative: one row only, or all of one group.

    Source: the Trax course's `TripletLossFn`.
    """
    if groups is None:
        groups = torch.arange(len(v1), device=v1.device)
    candidates, candidate_groups = v2, groups
    if negatives is not None and negative_groups is not None:
        candidates = torch.cat([v2, negatives])
        candidate_groups = torch.cat([groups, negative_groups])
    similarity = v1 @ candidates.T
    mined = mine_negatives(similarity, allowed_negatives(groups, candidate_groups))
    if not mined.exists.any():
        raise ValueError(
            f"no negatives in a batch of {len(v1)}: it needs pairs of two duplicate groups at least"
        )
    short = margin - similarity.diagonal()
    hinges = (short + mined.closest).clamp_min(0) + (short + mined.mean).clamp_min(0)
    return hinges[mined.exists].mean()
