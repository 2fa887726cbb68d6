"""Processes of one training, and their communication."""

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

from gemel.training.barrier import Barrier, OthersGoneError

LONG = timedelta(days=7)
"""Timeout of communication: practically none; failures are detected otherwise."""

_Thing = TypeVar("_Thing")


@dataclass(kw_only=True)
class Ranks:
    """The processes that train together, seen from one of them; by default a single one.

    Every process has the same batches and weights, and encodes its share of each batch. The vectors
    are gathered, each process computes the whole loss, and the gradients are summed.
    (`DistributedDataParallel` cannot: a cached gradient needs several passes.)
    """

    rank: int = 0
    """This process, from 0; rank 0 evaluates, writes and prints."""
    count: int = 1
    """Number of processes."""
    local_rank: int = 0
    """Rank on this machine."""
    local_count: int = 1
    """Processes on this machine."""
    barrier: Barrier | None = None
    """Barrier; None for a single process."""
    _cards: dist.ProcessGroup | None = field(default=None, repr=False)
    """NCCL group."""

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether there are no others."""
        return self.count == 1

    def wait(self) -> None:
        """Wait for all processes before communicating.

        Raises:
            OthersGoneError: one has failed.
        """
        if self.barrier is not None:
            self.barrier.wait()

    def use(self, device: torch.device) -> None:
        """Set the device of communication; all processes call it alike."""
        if device.type == "cuda" and not self.is_alone:
            torch.cuda.set_device(device)
            self._cards = dist.new_group(backend="nccl", timeout=LONG)

    def share(self, costs: Int[np.ndarray, "questions"]) -> slice:
        """Return this process's slice of a batch, balanced by `costs`."""
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
            vectors: vectors of this process's share.
            share: the share.
            questions: size of the batch.
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
        """Sum gradients over all processes, in one message.

        Args:
            own: parameters of the encoder, with the gradient of this share.
            common: parameters after gathering, with the whole gradient; rank 0's is used.
            rows: rows of tables that can have a gradient; others are not sent.
            loss: loss of the batch; rank 0's is used.
            asks_to_stop: whether this process was asked to stop.

        Returns:
            The loss, and whether any process was asked to stop.
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
        """Return whether a flag is set in any process."""
        if self.is_alone:
            return flag
        return bool(self._sum(torch.tensor([float(flag)])).item())

    def from_first(self, make: Callable[[], _Thing]) -> _Thing:
        """Return rank 0's result in all processes."""
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
    """Turn the loss of a process into `OthersGoneError`."""
    try:
        yield
    except RuntimeError as error:  # gloo's and NCCL's are no more than that
        # Without the place in their source that it begins with.
        reason = re.sub(r"^\[.*?\] ", "", str(error)).partition("\n")[0].partition(". ")[0]
        raise OthersGoneError(reason) from error
