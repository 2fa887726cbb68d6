"""The processes that one training runs on, and what they tell each other."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Float, Int, Int64
from torch import Tensor, nn

from gemel.training.barrier import Meeting, OthersGoneError

LONG = timedelta(days=7)
"""How long a process waits for the others: as long as it takes. Of one that has died, the system or
torchrun tells at once."""

_Thing = TypeVar("_Thing")


@dataclass(kw_only=True)
class Ranks:
    """The processes that learn together, as seen from one of them; as it is, one that is alone.

    Every process has the same batches and weights. Of a batch each reads its share of the
    questions; the vectors are gathered, every process computes the loss of all of them, and the
    gradients of what it has read are summed up. `torch.nn.parallel.DistributedDataParallel` would
    do the last only, and for one pass through one module: a gradient that is cached has several.
    """

    rank: int = 0
    """Which of them this is, from 0; the first one measures, writes and speaks."""
    count: int = 1
    """How many they are."""
    local_rank: int = 0
    """Which of those on this machine this is."""
    local_count: int = 1
    """How many of them are on this machine."""
    meeting: Meeting | None = None
    """Where they wait for each other; None if this one is alone."""
    _cards: dist.ProcessGroup | None = field(default=None, repr=False)
    """What tensors on cards travel by."""

    @property
    def is_first(self) -> bool:
        """Whether this is the one that speaks and writes."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether there are no others."""
        return self.count == 1

    def meet(self) -> None:
        """Wait until all are here, or one has failed on its way; before anything is exchanged.

        Raises:
            OthersGoneError: one has failed.
        """
        if self.meeting is not None:
            self.meeting.meet()

    def use(self, device: torch.device) -> None:
        """Have tensors travel from where the network learns; all call it with the same kind."""
        if device.type == "cuda" and not self.is_alone:
            torch.cuda.set_device(device)
            self._cards = dist.new_group(backend="nccl", timeout=LONG)

    def share(self, costs: Int[np.ndarray, "questions"]) -> slice:
        """Choose the questions that this process reads, side by side, so that all do as much.

        Args:
            costs: what each question of a batch takes.
        """
        done = np.cumsum(costs)
        # A question is read by whom its middle falls to.
        middles = (done - costs / 2) * self.count / max(1, int(done[-1]))
        first, last = np.searchsorted(middles, [self.rank, self.rank + 1])
        return slice(int(first), int(last))

    def gather(
        self, vectors: Float[Tensor, "share dim"], share: slice, questions: int
    ) -> Float[Tensor, "questions dim"]:
        """Return the vectors of a whole batch.

        Args:
            vectors: of the questions that this process has read.
            share: which ones these are.
            questions: how many there are in all.
        """
        if self.is_alone:
            return vectors
        whole = vectors.new_zeros(questions, vectors.shape[1])
        whole[share] = vectors
        return self._sum(whole)

    def sum_gradients(
        self,
        own: Sequence[nn.Parameter],
        common: Sequence[nn.Parameter],
        rows: Mapping[nn.Parameter, Int64[np.ndarray, "_"]],
        loss: float,
        asks_to_stop: bool,
    ) -> tuple[float, bool]:
        """Return all processes the same gradients, in one message.

        Args:
            own: parameters of what reads the questions: each process has the gradient of its share.
            common: parameters behind the gathered vectors: each process has the whole gradient, and
                that of the first one counts, so that no one drifts away.
            rows: of tables, which can have a gradient in any process; the others are not sent.
            loss: of the batch; that of the first one counts.
            asks_to_stop: whether a user has asked this process to stop.

        Returns:
            The loss, and whether anybody has been asked to stop.
        """
        if self.is_alone:
            return loss, asks_to_stop
        parameters = [*own, *common]
        counts = [True] * len(own) + [self.is_first] * len(common)
        gradients = [
            each.grad if each.grad is not None and does else torch.zeros_like(each)
            for each, does in zip(parameters, counts, strict=True)
        ]
        # A parameter that no process has a gradient of has none, and Adam leaves it alone.
        found = [
            each.grad is not None and does for each, does in zip(parameters, counts, strict=True)
        ]
        told = [loss if self.is_first else 0.0, float(asks_to_stop), *map(float, found)]
        device = gradients[0].device
        sent = {each: torch.from_numpy(numbers).to(device) for each, numbers in rows.items()}
        parts = [
            gradient[sent[each]] if each in sent else gradient
            for each, gradient in zip(parameters, gradients, strict=True)
        ]
        parts.append(torch.tensor(told, device=device))
        summed = self._sum(torch.cat([each.flatten() for each in parts]))
        *sums, heard = summed.split([each.numel() for each in parts])
        loss, stops, *some = heard.tolist()
        for each, gradient, total, has in zip(parameters, gradients, sums, some, strict=True):
            if each in sent:
                gradient[sent[each]] = total.view(-1, *each.shape[1:])
            else:
                gradient = total.view_as(each)
            each.grad = gradient if has else None
        return loss, stops > 0

    def any(self, flag: bool) -> bool:
        """Return whether something is so for any of them."""
        if self.is_alone:
            return flag
        return bool(self._sum(torch.tensor([float(flag)])).item())

    def from_first(self, make: Callable[[], _Thing]) -> _Thing:
        """Return all of them what the first one makes.

        Args:
            make: is called by the first one only.
        """
        if self.is_alone:
            return make()
        made = [make() if self.is_first else None]
        with _heard():
            dist.broadcast_object_list(made, src=0)
        (thing,) = made
        return thing  # type: ignore[return-value]

    def _sum(self, tensor: Tensor) -> Tensor:
        with _heard():
            dist.all_reduce(tensor, group=self._cards if tensor.is_cuda else None)
        return tensor


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    """Tell a process that is gone from other errors."""
    try:
        yield
    except RuntimeError as error:  # gloo's and NCCL's are no more than that
        # Without the place in their source that it begins with.
        reason = re.sub(r"^\[.*?\] ", "", str(error)).partition("\n")[0].partition(". ")[0]
        raise OthersGoneError(reason) from error
