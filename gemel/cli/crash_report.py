"""The report of an unforeseen exception: one line, and a private file with the traceback.

Imports the standard library only: what crashes may be the import of something else.
"""

import os
import platform
import sys
import tempfile
import traceback

from gemel.cli.exit_codes import ExitCode
from gemel.version import __version__

_LONGEST = 300
"""Characters of an exception's message that the line shows."""


def is_debug() -> bool:
    """Return whether `--debug` was typed: a crash may come before the options are parsed."""
    words = sys.argv[1:]
    return "--debug" in (words[: words.index("--")] if "--" in words else words)


def report_crash(error: BaseException) -> ExitCode:
    """Report an unforeseen exception on standard error.

    Args:
        error: the exception.

    Returns:
        What the command ends with.
    """
    try:
        if is_debug():
            lines = traceback.format_exception(error)
        else:
            lines = [f"gemel: internal error: {_summary(error)}; {_write_details(error)}\n"]
        if sys.stderr is not None:
            sys.stderr.write("".join(lines).encode("utf-8", "backslashreplace").decode())
            sys.stderr.flush()
    except (OSError, ValueError, MemoryError):
        pass  # standard error cannot be written to; the exit code remains
    return ExitCode.WRONG


def _summary(error: BaseException) -> str:
    try:
        message = " ".join(str(error).split())
    except Exception:  # a faulty __str__ is no reason to lose the report
        message = ""
    message = "".join(letter if letter.isprintable() else "\ufffd" for letter in message)
    if len(message) > _LONGEST:
        message = message[: _LONGEST - 3] + "..."
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _write_details(error: BaseException) -> str:
    """Write the traceback to a file that only this user can read; return what to tell about it."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="gemel-error-", suffix=".txt")  # mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"gemel {__version__}, Python {platform.python_version()}, ")
            file.write(f"{platform.platform()}\n\n")
            file.writelines(traceback.format_exception(error))
    except (OSError, MemoryError) as failure:
        why = getattr(failure, "strerror", None) or type(failure).__name__
        return f"details could not be written ({why}); --debug prints them"
    return f"details: {path}; report it with this file, which may contain texts of questions"
