"""Processes of one training: joining, waiting for each other, and communication."""

import atexit
import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Float, Int, Int64
from torch import Tensor, nn
from torch.distributed import PrefixStore, Store, rendezvous  # type: ignore[attr-defined]

from gemel.errors import ConfigError, GemelError, TrainingError

_HERE, _FAILED = "here", "failed"
_PAUSE = 0.05
"""Seconds between polls."""


class OthersGoneError(TrainingError):
    """Another process of the training has ended; `is_told`: it has reported why."""

    def __init__(self, reason: str, *, is_told: bool = False):
        super().__init__(
            f"another process of this training has ended before its time ({reason}); --resume "
            "resumes from the last checkpoint"
        )
        self.reason = reason
        self.is_told = is_told


@dataclass(eq=False)
class Barrier:
    """A barrier at which all processes wait until all have arrived or one has failed."""

    store: Store
    rank: int
    count: int
    number: int = field(default=0, init=False)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until all processes have arrived, at most `timeout` seconds if given.

        Raises:
            OthersGoneError: one has failed, or the timeout has passed.
        """
        keys = [self._key(rank) for rank in range(self.count)]
        try:
            self._tell(_HERE)
            came = self._wait(keys, timeout)
            failed = came and any(self._read(key) != _HERE for key in keys)
        except RuntimeError as error:
            first, *_ = str(error).splitlines()
            raise OthersGoneError(first) from error
        if not came:
            raise OthersGoneError(f"not all of {self.count} came within {timeout:g} s")
        if failed:
            raise OthersGoneError("it has failed", is_told=True)
        self.number += 1

    def part(self, timeout: float) -> None:
        """Wait for the last time; rank 0, which may host the store, leaves last."""
        self.wait()
        if self.rank:
            self._tell(_HERE)
        else:
            self._wait([self._key(rank) for rank in range(1, self.count)], timeout)

    def tell_failure(self) -> None:
        """Signal that this process has failed."""
        with contextlib.suppress(RuntimeError):
            self._tell(_FAILED)

    def has_first_failed(self, timeout: float) -> bool:
        """Return whether rank 0 has failed within `timeout` seconds."""
        try:
            key = self._key(0)
            return self._wait([key], timeout) and self._read(key) == _FAILED
        except RuntimeError:  # the store is gone, and with it the process that stored it
            return True

    def _wait(self, keys: list[str], timeout: float | None) -> bool:
        # By looking again and again: a wait inside of the store hears no Ctrl-C.
        began = time.monotonic()
        while not self.store.check(keys):
            if timeout is not None and time.monotonic() - began > timeout:
                return False
            time.sleep(_PAUSE)
        return True

    def _tell(self, word: str) -> None:
        self.store.set(self._key(self.rank), word)

    def _read(self, key: str) -> str:
        return bytes(self.store.get(key)).decode()

    def _key(self, rank: int) -> str:
        return f"{self.number}/{rank}"


LONG = timedelta(days=7)
"""Timeout of communication: practically none; failures are detected otherwise."""

T = TypeVar("T")


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
    local_rank: int = 0
    """On this machine, as `local_count`."""
    local_count: int = 1
    barrier: Barrier | None = None
    """None for a single process."""
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
        """Wait for all processes before communicating; see `Barrier.wait`."""
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
        """Return the vectors of a whole batch."""
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
            common: other parameters, with the whole gradient; rank 0's and its loss are used.
            rows: rows of tables that can have a gradient; others are not sent.
            asks_to_stop: whether this process was asked to stop.

        Returns:
            The loss, and whether any process was asked to stop.
        """
        if self.is_alone:
            return loss, asks_to_stop
        parameters = [*own, *common]
        # A parameter that no process has a gradient of has none, and Adam leaves it alone.
        found = [each.grad for each in own]
        found += [each.grad if self.is_first else None for each in common]
        gradients = [
            torch.zeros_like(each) if grad is None else grad
            for each, grad in zip(parameters, found, strict=True)
        ]
        flags = [float(grad is not None) for grad in found]
        numbers = [loss if self.is_first else 0.0, float(asks_to_stop), *flags]
        device = gradients[0].device
        sent = {each: torch.from_numpy(ids).to(device) for each, ids in rows.items()}
        parts = [
            gradient[sent[each]] if each in sent else gradient
            for each, gradient in zip(parameters, gradients, strict=True)
        ]
        parts.append(torch.tensor(numbers, device=device))
        summed = self._sum(torch.cat([each.flatten() for each in parts]))
        *sums, received = summed.split([each.numel() for each in parts])
        loss, stops, *some = received.tolist()
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

    def from_first(self, make: Callable[[], T]) -> T:
        """Return rank 0's result in all processes."""
        if self.is_alone:
            return make()
        made = [make() if self.is_first else None]
        with _raising_others_gone():
            dist.broadcast_object_list(made, src=0)
        return made[0]  # type: ignore[return-value]

    def _sum(self, tensor: Tensor) -> Tensor:
        with _raising_others_gone():
            dist.all_reduce(tensor, group=self._cards if tensor.is_cuda else None)
        return tensor


@contextlib.contextmanager
def _raising_others_gone() -> Iterator[None]:
    """Turn the loss of a process into `OthersGoneError`."""
    try:
        yield
    except RuntimeError as error:  # gloo's and NCCL's, which begin with the place in their source
        reason = re.sub(r"^\[.*?\] ", "", str(error)).partition("\n")[0].partition(". ")[0]
        raise OthersGoneError(reason) from error


_NAMES = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_START_TIMEOUT = 600.0
"""Seconds in which all processes must start."""
_SHORT_TIMEOUT = 10.0
"""Seconds to wait for another process at the same point."""
_OTHERS_FAILED = 1
"""Exit code of a process that ends because of another's failure."""


@contextlib.contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes started by torchrun, or run alone without it.

    A common failure is reported by rank 0 only, a single process's failure with its rank. If one
    fails, all end.

    Raises:
        ConfigError: incomplete torchrun environment.
        TrainingError: the others did not start.
        SystemExit: another process reports the failure.
    """
    ranks = _read_environment(os.environ)
    if ranks.is_alone:
        yield ranks
        return
    barrier = _join(ranks)
    try:
        yield ranks
        barrier.part(_SHORT_TIMEOUT)
    except Exception as error:
        _fail(error, barrier)
        raise
    except KeyboardInterrupt as error:
        if ranks.is_first:
            raise
        raise SystemExit(_OTHERS_FAILED) from error
    finally:
        dist.destroy_process_group()


def _read_environment(environment: Mapping[str, str]) -> Ranks:
    """Return this process's rank from the environment."""
    if environment.get("WORLD_SIZE") == "1" or not environment.keys() & {"WORLD_SIZE", "RANK"}:
        return Ranks()
    missing = [name for name in _NAMES if not environment.get(name)]
    if missing:
        raise ConfigError(
            f"the environment has {', '.join(sorted(set(_NAMES) - set(missing)))}, as if this were "
            f"one of several processes, but not {', '.join(missing)}; start them with torchrun, "
            "or take these variables away"
        )
    try:
        count, rank, local_rank, local_count = (int(environment[name]) for name in _NAMES[:4])
    except ValueError as error:
        raise ConfigError(f"{', '.join(_NAMES[:4])} must be whole numbers: {error}") from error
    if not (0 <= rank < count and 0 <= local_rank < local_count <= count):
        raise ConfigError(
            f"RANK {rank} of WORLD_SIZE {count}, LOCAL_RANK {local_rank} of LOCAL_WORLD_SIZE "
            f"{local_count}: a rank is at least 0 and below the number of processes"
        )
    return Ranks(rank=rank, count=count, local_rank=local_rank, local_count=local_count)


def _join(ranks: Ranks) -> Barrier:
    timeout = timedelta(seconds=_START_TIMEOUT)
    try:
        found, rank, count = next(rendezvous("env://", timeout=timeout))
        store = PrefixStore("gemel", found)
        barrier = ranks.barrier = Barrier(PrefixStore("barrier", store), rank, count)
        barrier.wait(_START_TIMEOUT)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=count, timeout=LONG)
    except (RuntimeError, ValueError, OSError) as error:
        reason = error.reason if isinstance(error, OthersGoneError) else str(error)
        place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        first, *_ = reason.splitlines()
        raise TrainingError(
            f"rank {ranks.rank} of {ranks.count} does not find the others at {place}: {first}"
        ) from error
    return barrier


def _fail(error: Exception, barrier: Barrier) -> None:
    """End without an error message (SystemExit), or with one that has the rank."""
    is_first = barrier.rank == 0
    is_reported = isinstance(error, OthersGoneError) and (error.is_told or not is_first)
    if is_reported or (not is_first and barrier.has_first_failed(_SHORT_TIMEOUT)):
        raise SystemExit(_OTHERS_FAILED) from error
    # At exit, after the message: the end of this process may be the end of the others.
    atexit.register(barrier.tell_failure)
    if is_first:
        return
    if isinstance(error, GemelError | OSError):
        raise TrainingError(f"rank {barrier.rank}: {error}") from error
    error.add_note(f"This was rank {barrier.rank} of {barrier.count}.")
