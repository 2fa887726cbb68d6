"""The ranking loss: a duplicate must come before every other question of the batch."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from gemel.losses.negatives import allowed_negatives


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
    row i of `v1` among all of `v1` and `negatives`; who is known to ask the same is skipped.

    Args:
        v1, v2: unit vectors.
        scale: what cosines are multiplied by: one over the temperature.
        groups: duplicate group of each row.
        negatives: unit vectors of further candidates, such as labelled non-duplicates.
        negative_groups: duplicate group of each of those.

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
