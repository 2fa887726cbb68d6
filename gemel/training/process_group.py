"""Joining the other processes of a training, and leaving them, in good times and in bad."""

import atexit
import contextlib
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta

import torch.distributed as dist
from torch.distributed import PrefixStore, rendezvous  # type: ignore[attr-defined]

from gemel.errors import ConfigError, GemelError, TrainingError
from gemel.training.barrier import Meeting, OthersGoneError
from gemel.training.ranks import LONG, Ranks

_NAMES = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun tells a process."""
_PATIENCE = 600.0
"""Seconds in which all processes must have started."""
_A_MOMENT = 10.0
"""Seconds that one process waits for another that should be as far as itself."""
_WENT_ALONG = 1
"""What a process ends with that has nothing to add to another's failure."""


@contextlib.contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes that torchrun started with this one, or be alone if it was not torchrun.

    A failure that all have in common is the first one's to tell: the others end without a word. One
    that a single process has names its rank. Whoever fails, the others hear of it and end too.

    Yields:
        The processes.

    Raises:
        ConfigError: the environment gives only half of what torchrun gives.
        TrainingError: the others did not come.
        SystemExit: what went wrong is another process's to tell.
    """
    ranks = _told(os.environ)
    if ranks.is_alone:
        yield ranks
        return
    meeting = _join(ranks)
    try:
        yield ranks
        meeting.part(_A_MOMENT)
    except Exception as error:
        _fail(error, meeting)
        raise
    except KeyboardInterrupt as error:
        if ranks.is_first:
            raise
        raise SystemExit(_WENT_ALONG) from error
    finally:
        dist.destroy_process_group()


def _told(environment: Mapping[str, str]) -> Ranks:
    """Read which process this is.

    Raises:
        ConfigError: something is missing, or no number.
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


def _join(ranks: Ranks) -> Meeting:
    patience = timedelta(seconds=_PATIENCE)
    try:
        found, rank, count = next(rendezvous("env://", timeout=patience))
        store = PrefixStore("gemel", found)
        meeting = ranks.meeting = Meeting(PrefixStore("meeting", store), rank, count)
        meeting.meet(_PATIENCE)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=count, timeout=LONG)
    except (RuntimeError, ValueError, OSError) as error:
        reason = error.reason if isinstance(error, OthersGoneError) else str(error)
        place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        first, *_ = reason.splitlines()
        raise TrainingError(
            f"rank {ranks.rank} of {ranks.count} does not find the others at {place}: {first}"
        ) from error
    return meeting


def _fail(error: Exception, meeting: Meeting) -> None:
    """End as it was agreed: with a word, or without.

    Raises:
        SystemExit: without.
        TrainingError: with the rank.
    """
    # Behind the last word that this process has to report: its end may be the end of the others.
    if isinstance(error, OthersGoneError) and (error.is_told or meeting.rank > 0):
        raise SystemExit(_WENT_ALONG) from error
    if meeting.rank == 0:
        atexit.register(meeting.tell_failure)
        return
    if meeting.has_first_failed(_A_MOMENT):
        raise SystemExit(_WENT_ALONG) from error
    atexit.register(meeting.tell_failure)
    if isinstance(error, GemelError | OSError):
        raise TrainingError(f"rank {meeting.rank}: {error}") from error
    error.add_note(f"This was rank {meeting.rank} of {meeting.count}.")
