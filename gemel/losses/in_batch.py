"""Losses of a batch of vectors: triplets, and ranking."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Negatives(NamedTuple):
    """Cosine of each anchor with its negatives."""

    closest: Float[Tensor, "batch"]
    mean: Float[Tensor, "batch"]
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
    """Find the closest and the mean negative of every row (anchor), of the allowed columns."""
    exists = allowed.any(dim=1)
    closest = similarity.masked_fill(~allowed, -torch.inf).amax(dim=1)
    counts = allowed.sum(dim=1).clamp_min(1)
    mean = similarity.masked_fill(~allowed, 0).sum(dim=1) / counts
    return Negatives(torch.where(exists, closest, 0), mean, exists)


def triplet_loss(
    anchor: Float[Tensor, "batch dim"],
    positive: Float[Tensor, "batch dim"],
    negative: Float[Tensor, "batch dim"],
    margin: float = 0.25,
) -> Float[Tensor, ""]:
    """Compute the mean of max(|A - P|^2 - |A - N|^2 + margin, 0), to be minimised.

    The margin is in squared distance; for unit vectors that is 2 - 2 * cosine.

    Source: Schroff et al. (2015), FaceNet, equation 3.
    """
    to_positive = (anchor - positive).square().sum(dim=1)
    to_negative = (anchor - negative).square().sum(dim=1)
    return (to_positive - to_negative + margin).clamp_min(0).mean()


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
    of `v1`, except those known to be duplicates. Rows without a negative do not count.

    Args:
        v1, v2: unit vectors.
        margin: in cosine similarity.
        groups: duplicate group of each row; None: each has its own.
        negatives: unit vectors of further candidates, such as labelled non-duplicates.
        negative_groups: duplicate group of each of those.

    Returns:
        Mean of max(0, margin - s + closest) + max(0, margin - s + mean), where s is the similarity
        of the row's own pair.

    Raises:
        ValueError: no row has a negative.

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


def in_batch_ranking_loss(
    v1: Float[Tensor, "batch dim"],
    v2: Float[Tensor, "batch dim"],
    scale: Float[Tensor, ""],
    groups: Int[Tensor, "batch"],
    negatives: Float[Tensor, "negatives dim"],
    negative_groups: Int[Tensor, "negatives"],
) -> Float[Tensor, ""]:
    """Compute the cross-entropy of finding each row's duplicate, from either side.

    Row i of `v1` looks for row i of `v2` among all of `v2` and `negatives`, and row i of `v2` for
    row i of `v1` among all of `v1` and `negatives`; known duplicates are skipped. `scale` is one
    over the temperature; for the others see `in_batch_triplet_loss`.

    Returns:
        Mean over rows and both sides.

    Source: van den Oord et al. (2018), InfoNCE; both sides as Radford et al. (2021), CLIP.
    """
    allowed = allowed_negatives(groups, torch.cat([groups, negative_groups]))
    allowed |= torch.eye(len(v1), allowed.shape[1], dtype=torch.bool, device=v1.device)
    targets = torch.arange(len(v1), device=v1.device)
    losses = [
        F.cross_entropy(
            (scale * (here @ torch.cat([there, negatives]).T)).masked_fill(~allowed, -torch.inf),
            targets,
        )
        for here, there in ((v1, v2), (v2, v1))
    ]
    return torch.stack(losses).mean()
