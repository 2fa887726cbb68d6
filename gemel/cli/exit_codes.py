"""What the exit codes of `gemel` mean: said here, and nowhere else."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with."""

    DONE = 0
    NO = 1
    """It was done, and the answer is no: not asked before (`check`), not all was there (`remove`),
    something that should work does not (`doctor`)."""
    WRONG = 2
    """It was not done: an error, a command that cannot be understood, or a crash."""
    STOPPED = 130
    """Ctrl-C; a training that is told to stop by SIGTERM too."""
    UNHEARD = 141
    """What read the output went away, as `| head` does."""


EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 done, and the answer is no (check, remove, doctor); 2 not done: an "
    "error, or a command that cannot be understood; 130 stopped by Ctrl-C; 141 nobody reads the "
    "output any more."
)
