"""Join and leave the process group of a training."""

import atexit
import contextlib
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta

import torch.distributed as dist
from torch.distributed import PrefixStore, rendezvous  # type: ignore[attr-defined]

from gemel.errors import ConfigError, GemelError, TrainingError
from gemel.training.barrier import Barrier, OthersGoneError
from gemel.training.ranks import LONG, Ranks

_NAMES = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""Environment variables of torchrun."""
_PATIENCE = 600.0
"""Seconds in which all processes must start."""
_A_MOMENT = 10.0
"""Seconds to wait for another process at the same point."""
_WENT_ALONG = 1
"""Exit code of a process that ends because of another's failure."""


@contextlib.contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes started by torchrun, or run alone without it.

    A common failure is reported by rank 0 only, a single process's failure with its rank. If one
    fails, all end.

    Yields:
        The processes.

    Raises:
        ConfigError: incomplete torchrun environment.
        TrainingError: the others did not start.
        SystemExit: another process reports the failure.
    """
    ranks = _told(os.environ)
    if ranks.is_alone:
        yield ranks
        return
    barrier = _join(ranks)
    try:
        yield ranks
        barrier.part(_A_MOMENT)
    except Exception as error:
        _fail(error, barrier)
        raise
    except KeyboardInterrupt as error:
        if ranks.is_first:
            raise
        raise SystemExit(_WENT_ALONG) from error
    finally:
        dist.destroy_process_group()


def _told(environment: Mapping[str, str]) -> Ranks:
    """Return this process's rank from the environment.

    Raises:
        ConfigError: a variable is missing or not a number.
    """
    if not any(name in environment for name in _NAMES[:2]):
        return Ranks()
    missing = [name for name in _NAMES if not environment.get(name)]
    if environment.get("WORLD_SIZE") == "1":
        return Ranks()
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
    patience = timedelta(seconds=_PATIENCE)
    try:
        found, rank, count = next(rendezvous("env://", timeout=patience))
        store = PrefixStore("gemel", found)
        barrier = ranks.barrier = Barrier(PrefixStore("barrier", store), rank, count)
        barrier.wait(_PATIENCE)
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
    """End, with or without an error message.

    Raises:
        SystemExit: without.
        TrainingError: with the rank.
    """
    # Behind the last word that this process has to report: its end may be the end of the others.
    if isinstance(error, OthersGoneError) and (error.is_told or barrier.rank > 0):
        raise SystemExit(_WENT_ALONG) from error
    if barrier.rank == 0:
        atexit.register(barrier.tell_failure)
        return
    if barrier.has_first_failed(_A_MOMENT):
        raise SystemExit(_WENT_ALONG) from error
    atexit.register(barrier.tell_failure)
    if isinstance(error, GemelError | OSError):
        raise TrainingError(f"rank {barrier.rank}: {error}") from error
    error.add_note(f"This was rank {barrier.rank} of {barrier.count}.")
