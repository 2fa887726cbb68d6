"""Losses of a batch, and a check for collapsed vectors."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gemel.config import TrainingConfig
from gemel.data import Batch
from gemel.losses import in_batch_ranking_loss, in_batch_triplet_loss
from gemel.models import PairHead

COLLAPSED = 0.98
"""Mean cosine of different questions that counts as collapse."""


def mean_similarity(vectors: Float[np.ndarray, "questions dim"]) -> float:
    """Return the mean cosine over all pairs of different rows; near 1 means collapse."""
    count = len(vectors)
    total = np.square(vectors.sum(axis=0, dtype=np.float64)).sum() - np.square(vectors).sum()
    return float(total / (count * (count - 1)))


class TripletObjective(nn.Module):
    """The notebook's loss; see `in_batch_triplet_loss`."""

    def __init__(self, margin: float):
        super().__init__()
        self.margin = margin

    def forward(self, vectors: Float[Tensor, "questions dim"], batch: Batch) -> Float[Tensor, ""]:
        """Return the mean of the hinges."""
        v1, v2, negatives = vectors.split(batch.sizes)
        groups, others = _on(vectors, batch.groups, batch.negative_groups)
        return in_batch_triplet_loss(v1, v2, self.margin, groups, negatives, others)


class JointObjective(nn.Module):
    """The sum of three losses: in-batch ranking, and labels by the cosine and by the head.

    Temperature of the ranking, and slope and intercept of the cosine's logit, are learned too.

    Args:
        head: pair head; without it there are two losses.
        label_noise: label smoothing.

    Source: label smoothing by Szegedy et al. (2016).
    """

    def __init__(self, head: PairHead | None, label_noise: float = 0.0):
        super().__init__()
        self.label_noise = label_noise
        self.log_scale = nn.Parameter(torch.tensor(math.log(16.0)))
        self.slope = nn.Parameter(torch.tensor(6.0))
        self.intercept = nn.Parameter(torch.tensor(-3.0))
        # In a list, so that the head is no part of the objective.
        self._head = [head]

    def forward(self, vectors: Float[Tensor, "questions dim"], batch: Batch) -> Float[Tensor, ""]:
        """Return the sum."""
        v1, v2, negatives = vectors.split(batch.sizes)
        groups, others = _on(vectors, batch.groups, batch.negative_groups)
        ranking = in_batch_ranking_loss(v1, v2, self.log_scale.exp(), groups, negatives, others)
        apart, same = _on(vectors, batch.negative_anchors, batch.labelled)
        left = torch.cat([v1[same], v1[apart]])
        right = torch.cat([v2[same], negatives])
        labels = vectors.new_full((len(left),), self.label_noise)
        labels[: len(left) - len(apart)] = 1 - self.label_noise
        cosine = (left * right).sum(dim=1)
        loss = ranking + _label_loss(self.slope * cosine + self.intercept, labels)
        (head,) = self._head
        return loss if head is None else loss + _label_loss(head(left, right), labels)


def _on(vectors: Tensor, *arrays: np.ndarray) -> tuple[Tensor, ...]:
    """Move arrays to the device of the vectors."""
    return tuple(torch.from_numpy(array).to(vectors.device) for array in arrays)


_label_loss = F.binary_cross_entropy_with_logits


def objective_of(
    settings: TrainingConfig, head: PairHead | None
) -> TripletObjective | JointObjective:
    """Return the objective of the settings."""
    if settings.loss == "joint":
        return JointObjective(head, settings.label_noise)
    return TripletObjective(settings.margin)
