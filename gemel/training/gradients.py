"""Loss and gradients of a batch, computed at once, in chunks, or by several processes."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gemel.config import TrainingConfig
from gemel.data import Batch
from gemel.data.batches import PLACES
from gemel.layers import Serial
from gemel.losses import in_batch_ranking_loss, in_batch_triplet_loss
from gemel.models import PairHead, draw_kept, read, take_rows
from gemel.training.ranks import Ranks

COLLAPSED = 0.98
"""Mean cosine of different questions that counts as collapse."""


def mean_similarity(vectors: Float[np.ndarray, "questions dim"]) -> float:
    """Return the mean cosine over all pairs of different rows."""
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
        groups, others = _to_device(vectors, batch.groups, batch.negative_groups)
        return in_batch_triplet_loss(v1, v2, self.margin, groups, negatives, others)


class JointObjective(nn.Module):
    """The sum of three losses: in-batch ranking, and labels by the cosine and by the head, if any.

    Temperature of the ranking, and slope and intercept of the cosine's logit, are learned too.

    Source: label smoothing (`label_noise`) by Szegedy et al. (2016).
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
        groups, others = _to_device(vectors, batch.groups, batch.negative_groups)
        ranking = in_batch_ranking_loss(v1, v2, self.log_scale.exp(), groups, negatives, others)
        apart, same = _to_device(vectors, batch.negative_anchors, batch.labelled)
        left = torch.cat([v1[same], v1[apart]])
        right = torch.cat([v2[same], negatives])
        labels = vectors.new_full((len(left),), self.label_noise)
        labels[: len(left) - len(apart)] = 1 - self.label_noise
        cosine = (left * right).sum(dim=1)
        loss = ranking + _label_loss(self.slope * cosine + self.intercept, labels)
        (head,) = self._head
        return loss if head is None else loss + _label_loss(head(left, right), labels)


def _to_device(vectors: Tensor, *arrays: np.ndarray) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(array).to(vectors.device) for array in arrays)


_label_loss = F.binary_cross_entropy_with_logits


def objective_of(
    settings: TrainingConfig, head: PairHead | None
) -> TripletObjective | JointObjective:
    """Return the objective of the settings."""
    if settings.loss == "joint":
        return JointObjective(head, settings.label_noise)
    return TripletObjective(settings.margin)


@dataclass(eq=False)
class GradientCache:
    """Computes gradients from the vectors of a batch back to the encoder.

    The loss is computed on the vectors of the whole batch as leaves. Its gradient is stored, and
    propagated to the encoder chunk by chunk, by each process for its share; chunks are encoded
    twice. The sum is the gradient of the whole batch, dropout included.

    Source: Gao et al., "Scaling deep contrastive learning batch size under memory limited setup"
    (2021).
    """

    processor: Serial
    objective: nn.Module
    ranks: Ranks
    chunk_size: int
    """Questions encoded at a time; 0: all."""

    def backward(self, batch: Batch, *, bfloat16: bool = False) -> float:
        """Add the gradient of a batch, of this process's share; return the loss."""
        questions = len(batch.inputs[0])
        share = self.ranks.share(self._costs(batch))
        chunks = self._chunks(share, batch.inputs[0].shape[1])
        is_whole = share == slice(0, questions) and len(chunks) == 1
        mask = None if is_whole else draw_kept(self.processor, batch.inputs)

        def vectors_of(rows: slice) -> Float[Tensor, "rows dim"]:
            inputs = batch.inputs if is_whole else take_rows(self.processor, batch.inputs, rows)
            drawn = None if mask is None else mask[rows]
            # A context for each: what one casts without a gradient, another must not find.
            with torch.autocast(self._device.type, torch.bfloat16, enabled=bfloat16):
                return read(self.processor, inputs, drawn).float()

        encodes_once = len(chunks) == 1
        with torch.set_grad_enabled(encodes_once):
            vectors = torch.cat([vectors_of(rows) for rows in chunks])
        whole = self.ranks.gather(vectors.detach(), share, questions).requires_grad_()
        loss: Tensor = self.objective(whole, batch)
        loss.backward()
        if whole.grad is not None:
            for rows in chunks:
                again = vectors if encodes_once else vectors_of(rows)
                if len(again):
                    again.backward(whole.grad[rows])
        return loss.item()

    @property
    def _device(self) -> torch.device:
        return next(self.processor.parameters()).device

    def _costs(self, batch: Batch) -> Int64[np.ndarray, "questions"]:
        """Return the cost of each question: its words on a CPU, constant on a GPU."""
        mask = self.processor.sublayers[0].next_mask(batch.inputs, None)
        if mask is None or self._device.type != "cpu":
            return np.ones(len(batch.inputs[0]), np.int64)
        lengths: Int64[np.ndarray, "questions"] = mask.sum(axis=1).clip(1)
        return lengths

    def _chunks(self, share: slice, time: int) -> list[slice]:
        """Split a share into chunks of similar size."""
        count = share.stop - share.start
        size = max(1, min(self.chunk_size, PLACES // max(1, time)))
        chunks = max(1, -(-count // size)) if self.chunk_size else 1
        ends = [share.start + count * number // chunks for number in range(chunks + 1)]
        return list(map(slice, ends[:-1], ends[1:]))
