"""The training loop: batch, loss, gradient, step; validation after each epoch."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from gemel.config import TrainingConfig
from gemel.data import Batch, Batches
from gemel.errors import TrainingError
from gemel.models import SiameseModel, get_weights, rows_read, set_weights
from gemel.training.device import choose_device, uses_bfloat16
from gemel.training.gradients import COLLAPSED, GradientCache, objective_of
from gemel.training.ranks import Ranks
from gemel.training.reporters import EpochSummary, Reporter, StepSummary

Count = Annotated[int, msgspec.Meta(ge=0)]
Number = Annotated[int, msgspec.Meta(ge=1)]
_POINTS = 400
"""Maximum points: then every two become one."""


@dataclass(kw_only=True)
class LossCurve:
    """Mean losses over the steps."""

    stride: Number = 1
    """Steps a point represents; it doubles when the points become too many."""
    losses: list[float] = field(default_factory=list)
    total: float = 0.0
    """Sum of the losses that wait for a point of their own."""
    waiting: Count = 0
    """Number of these losses."""

    def add(self, loss: float) -> None:
        """Add the loss of the next step."""
        self.total += loss
        self.waiting += 1
        if self.waiting < self.stride:
            return
        self.losses.append(self.total / self.stride)
        self.total, self.waiting = 0.0, 0
        if len(self.losses) == _POINTS:
            pairs = zip(self.losses[::2], self.losses[1::2], strict=True)
            self.losses = [(one + two) / 2 for one, two in pairs]
            self.stride *= 2


@dataclass(kw_only=True)
class TrainingState:
    """The state of a training, apart from network and optimizer; checkpoints store its fields."""

    epoch: Number = 1
    """The current epoch, from 1."""
    batch: Count = 0
    """Batches of it that are done."""
    step: Count = 0
    """Batches done since training began."""
    loss: float = 0.0
    """Sum of the losses of the epoch's pairs so far."""
    pairs: Count = 0
    """The epoch's pairs so far."""
    seconds: float = 0.0
    """Time that these took."""
    elapsed: float = 0.0
    """Time that all epochs took so far, with their validation."""
    curve: LossCurve = field(default_factory=LossCurve)
    history: list[EpochSummary] = field(default_factory=list)
    best: dict[str, np.ndarray] = field(default_factory=dict)
    """Weights of the best epoch."""

    @property
    def best_epoch(self) -> EpochSummary:
        """The epoch with the highest average precision, the first of equals."""
        return max(self.history, key=lambda summary: summary.validation_average_precision)

    def next_epoch(self) -> None:
        """Start the next epoch."""
        self.epoch += 1
        self.batch = self.pairs = 0
        self.loss = self.seconds = 0.0


class Average:
    """The exponential moving average of parameters, which are also its initial value.

    The first steps weigh more: at step `t`, from 0, at most `(1 + t) / (10 + t)` of the average
    remains, and at most `decay`.

    Source: Polyak and Juditsky (1992); the beginning as in TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float):
        self.parameters = [parameter.detach() for parameter in parameters]
        self.decay = decay
        self.values: list[Tensor] = [value.clone() for value in self.parameters]

    def update(self, step: int) -> None:
        """Add the parameters after this step, from 0."""
        remaining = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, self.parameters, 1 - remaining)

    def put(self) -> None:
        """Set the parameters to the average."""
        torch._foreach_copy_(self.parameters, self.values)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Set the parameters to the average for a while."""
        held = [value.clone() for value in self.parameters]
        self.put()
        try:
            yield
        finally:
            torch._foreach_copy_(self.parameters, held)


_WARM_UP = 0.05
"""Share of the steps over which the learning rate rises, before it falls linearly."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Figures of a model on validation pairs."""

    average_precision: float
    accuracy: float
    mean_similarity: float


class Trainer:
    """Trains a network, and its head, with Adam, and keeps its best epoch or its last."""

    def __init__(
        self,
        model: SiameseModel,
        batches: Batches,
        settings: TrainingConfig,
        validate: Callable[[], Validation],
        reporter: Reporter,
        ranks: Ranks | None = None,
    ):
        self.model = model
        self.batches = batches
        self.settings = settings
        self.validate = validate
        self.reporter = reporter
        self.ranks = ranks or Ranks()
        self.state = TrainingState()
        self._is_asked: Callable[[], bool] = lambda: False
        self._any_is_asked = False
        self.device, problem = choose_device(settings.device, self.ranks)
        if problem:
            reporter.warn(problem)
        self.bfloat16 = uses_bfloat16(settings.precision, self.device, is_exact=not model.masked)
        parts = {
            "weights": model.processor,
            "head": model.head,
            "objective": objective_of(settings, model.head),
        }
        self.parts = {
            name: part.to(self.device) for name, part in parts.items() if part is not None
        }
        self.gradients = GradientCache(
            model.processor, self.parts["objective"], self.ranks, settings.chunk_size
        )
        self.parameters = [each for part in self.parts.values() for each in part.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=settings.learning_rate, fused=True)
        self.average = Average(self.parameters, settings.ema_decay) if settings.ema_decay else None

    def run(
        self,
        after_step: Callable[[], None] = lambda: None,
        is_asked: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train from the current state, and leave the weights of the epoch to keep.

        Args:
            after_step: called after each batch; what it raises ends the training there.
            is_asked: returns whether this process was asked to stop; see `is_to_stop`.
        """
        self._is_asked = is_asked
        self.reporter.begin(self.state.step, self.state.epoch)
        while not self._is_done():
            self._train_epoch(after_step)
            with self.average.in_place() if self.average else contextlib.nullcontext():
                self._measure_epoch()
            self._watch_for_collapse()
            self._any_is_asked = self.ranks.any(is_asked())
            after_step()
        if self.settings.keep == "best":
            set_weights(self.model.processor, self.state.best, self.model.head)
        elif self.average:
            self.average.put()

    @property
    def kept_epoch(self) -> EpochSummary:
        """The epoch whose weights stay."""
        return self.state.history[-1] if self.settings.keep == "last" else self.state.best_epoch

    @property
    def is_to_stop(self) -> bool:
        """Whether to stop: true for all processes after the same batch."""
        return self._is_asked() if self.ranks.is_alone else self._any_is_asked

    def _is_done(self) -> bool:
        if self.state.epoch > self.settings.epochs:
            return True
        if not self.state.history or self.settings.keep == "last":
            return False
        last, best = self.state.history[-1], self.state.best_epoch
        if last.epoch - best.epoch < self.settings.patience:
            return False
        self.reporter.note(
            f"stopped early: no epoch since {best.epoch} was better on the validation pairs"
        )
        return True

    def _train_epoch(self, after_step: Callable[[], None]) -> None:
        state = self.state
        self.model.model.train()
        started = time.perf_counter()
        for batch in self.batches.epoch(state.epoch, start=state.batch):
            rate = self.settings.learning_rate * self._rate(state.step)
            loss, norm = self._step(batch, rate)
            state.batch += 1
            state.step += 1
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise TrainingError(
                    f"the loss is {loss} and its gradient's length {norm} in epoch {state.epoch}, "
                    f"batch {state.batch}; lower training.learning_rate"
                )
            state.loss += loss * len(batch)
            state.pairs += len(batch)
            state.curve.add(loss)
            now = time.perf_counter()
            state.seconds += now - started
            state.elapsed += now - started
            started = now
            self.reporter.step(
                StepSummary(
                    epoch=state.epoch,
                    batch=state.batch,
                    batches=len(self.batches),
                    step=state.step,
                    loss=loss,
                    pairs=len(batch),
                    learning_rate=rate,
                    gradient_norm=norm,
                )
            )
            after_step()

    def _measure_epoch(self) -> None:
        state = self.state
        started = time.perf_counter()
        measured = self.ranks.from_first(self.validate)
        state.elapsed += time.perf_counter() - started
        highest = state.best_epoch.validation_average_precision if state.history else -math.inf
        summary = EpochSummary(
            epoch=state.epoch,
            epochs=self.settings.epochs,
            step=state.step,
            loss=state.loss / state.pairs,
            validation_average_precision=measured.average_precision,
            validation_accuracy=measured.accuracy,
            mean_similarity=measured.mean_similarity,
            pairs_per_second=state.pairs / max(state.seconds, 1e-9),
            is_best=measured.average_precision > highest,
        )
        if summary.is_best:
            state.best = get_weights(self.model.processor, self.model.head)
        state.history.append(summary)
        state.next_epoch()
        self.reporter.epoch(summary)

    def _watch_for_collapse(self) -> None:
        """Warn if questions are similar at the end, or do not part between two epochs."""
        *earlier, last = self.state.history
        parting = not earlier or last.mean_similarity < earlier[-1].mean_similarity - 1e-3
        if last.mean_similarity > COLLAPSED and (last.epoch == last.epochs or not parting):
            self.reporter.warn(
                f"the network has collapsed: different questions have a mean cosine of "
                f"{last.mean_similarity:.3f}, so no threshold can tell them apart; "
                "try a lower training.learning_rate or a larger training.batch_size"
            )

    def _step(self, batch: Batch, rate: float) -> tuple[float, float]:
        """Take one step; return the loss and the norm of the gradient."""
        loss = self._gradient(batch)
        norm = self._clip()
        if math.isfinite(norm):
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.step()
            if self.average:
                self.average.update(self.state.step)
        return loss, norm

    def _gradient(self, batch: Batch) -> float:
        """Set the gradients of all parameters; return the loss."""
        self.optimizer.zero_grad()
        with self._seeded():
            loss = self.gradients.backward(batch, bfloat16=self.bfloat16)
        encoder = list(self.parts["weights"].parameters())
        rows = {} if self.ranks.is_alone else rows_read(self.model.processor, batch.inputs)
        loss, self._any_is_asked = self.ranks.sum_gradients(
            encoder, self.parameters[len(encoder) :], rows, loss, self._is_asked()
        )
        return loss

    @contextlib.contextmanager
    def _seeded(self) -> Iterator[None]:
        """Derive dropout from seed and position, so that a training can be resumed anywhere."""
        place = (self.settings.seed, self.state.epoch, self.state.batch)
        with torch.random.fork_rng(devices=[], enabled=self.settings.dropout > 0):
            if self.settings.dropout:
                torch.manual_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))
            yield

    def _clip(self) -> float:
        """Clip the gradient; return its norm before."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        norm = math.hypot(*(float(torch.linalg.vector_norm(each)) for each in gradients))
        if norm > self.settings.clip_norm:
            for gradient in gradients:
                gradient.mul_(self.settings.clip_norm / norm)
        return norm

    def _rate(self, step: int) -> float:
        """Return the share of the highest learning rate for a step, from 0."""
        steps = self.settings.epochs * len(self.batches)
        rising = (step + 1) / max(1.0, _WARM_UP * steps)
        falling = (steps - step) / max(1.0, (1 - _WARM_UP) * steps)
        return max(0.0, min(rising, falling, 1.0))
