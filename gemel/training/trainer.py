"""The loop: batch, loss, gradient, step; after each epoch a look at the validation pairs."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gemel.config import TrainingConfig
from gemel.data import Batch, Batches
from gemel.errors import TrainingError
from gemel.losses import in_batch_triplet_loss
from gemel.models import SiameseModel, get_weights, set_weights
from gemel.training.collapse import COLLAPSED
from gemel.training.precision import uses_bfloat16
from gemel.training.reporters import EpochSummary, Reporter

__all__ = ["Trainer", "Validation"]

_WARM_UP = 0.05
"""Share of the steps over which the learning rate rises, before it falls in a straight line."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """How a model does on validation pairs."""

    average_precision: float
    accuracy: float
    mean_similarity: float


class Trainer:
    """Trains a twin with the in-batch triplet loss and Adam, and keeps its best epoch.

    Args:
        model: the twin, in mode "train".
        batches: what to learn from.
        settings: how to train.
        validate: measures the model as it stands.
        reporter: is told what happens.
    """

    def __init__(
        self,
        model: SiameseModel,
        batches: Batches,
        settings: TrainingConfig,
        validate: Callable[[], Validation],
        reporter: Reporter,
    ):
        self.model = model
        self.batches = batches
        self.settings = settings
        self.validate = validate
        self.reporter = reporter
        self.optimizer = torch.optim.Adam(
            model.model.parameters(), lr=settings.learning_rate, fused=True
        )
        self.bfloat16 = uses_bfloat16(settings.precision)
        self.steps = settings.epochs * len(batches)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._rate)

    def run(self) -> list[EpochSummary]:
        """Train for all epochs and leave the model with the weights of the best one.

        Returns:
            One summary an epoch.

        Raises:
            TrainingError: the loss is no longer a number.
        """
        history: list[EpochSummary] = []
        best: dict[str, np.ndarray] = {}
        highest = -np.inf
        for epoch in range(1, self.settings.epochs + 1):
            started = time.perf_counter()
            loss, pairs = self._epoch(epoch)
            seconds = time.perf_counter() - started
            measured = self.validate()
            summary = EpochSummary(
                epoch=epoch,
                epochs=self.settings.epochs,
                loss=loss,
                validation_average_precision=measured.average_precision,
                validation_accuracy=measured.accuracy,
                mean_similarity=measured.mean_similarity,
                pairs_per_second=pairs / seconds,
                is_best=measured.average_precision > highest,
            )
            if summary.is_best:
                highest = measured.average_precision
                best = get_weights(self.model.processor)
            history.append(summary)
            self.reporter.epoch(summary)
            self._watch_for_collapse(history)
        set_weights(self.model.processor, best)
        return history

    def _watch_for_collapse(self, history: list[EpochSummary]) -> None:
        """Warn when questions lie together at the end, or do not part between two epochs."""
        last = history[-1]
        parting = len(history) < 2 or last.mean_similarity < history[-2].mean_similarity - 1e-3
        if last.mean_similarity > COLLAPSED and (last.epoch == last.epochs or not parting):
            self.reporter.warn(
                f"the twin has collapsed: different questions have a mean cosine of "
                f"{last.mean_similarity:.3f}, so no threshold can tell them apart; "
                "try a lower training.learning_rate or a larger training.batch_size"
            )

    def _epoch(self, epoch: int) -> tuple[float, int]:
        total, pairs = 0.0, 0
        self.model.model.train()
        for step, batch in enumerate(self.batches.epoch(epoch), start=1):
            loss = self._step(batch)
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss is {loss} in epoch {epoch}, batch {step}; "
                    "lower training.learning_rate"
                )
            total += loss * len(batch)
            pairs += len(batch)
            self.reporter.step(epoch, step, len(self.batches), loss, len(batch))
        return total / pairs, pairs

    def _step(self, batch: Batch) -> float:
        # The twin is one encoder: reading all sides in one go gives the same vectors, sooner.
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            vectors = self.model.processor(batch.inputs)
        v1, v2, negatives = vectors.float().split(batch.sizes)
        loss: Float[Tensor, ""] = in_batch_triplet_loss(
            v1,
            v2,
            self.settings.margin,
            torch.from_numpy(batch.groups),
            negatives,
            torch.from_numpy(batch.negative_groups),
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        return loss.item()

    def _rate(self, step: int) -> float:
        rising = (step + 1) / max(1.0, _WARM_UP * self.steps)
        falling = (self.steps - step) / max(1.0, (1 - _WARM_UP) * self.steps)
        return max(0.0, min(rising, falling, 1.0))
