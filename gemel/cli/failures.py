"""Exit codes, crash reports and errors; no typer, so that a failed import is reported too."""

import errno
import inspect
import os
import platform
import re
import sys
import tempfile
import traceback
from enum import IntEnum
from typing import Any

from gemel.version import __version__


class ExitCode(IntEnum):
    """What a command ends with."""

    DONE = 0
    NO = 1
    """Done, with a negative result: no duplicate (`check`), an id not found (`remove`), a failed
    test (`doctor`)."""
    WRONG = 2
    """Not done: an error, a command that cannot be parsed, or a crash."""
    STOPPED = 130
    """Ctrl-C, or SIGTERM during a training."""
    UNHEARD = 141
    """The reader of the output closed it, as `| head` does."""


EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 done, and the answer is no (check, remove, doctor); 2 not done: an "
    "error, or a command that cannot be understood; 130 stopped by Ctrl-C; 141 no one reads the "
    "output any more."
)


_LONGEST = 300
"""Characters of an exception's message that the line shows."""


def is_debug() -> bool:
    """Return whether `--debug` was typed: a crash may come before the options are parsed."""
    words = sys.argv[1:]
    return "--debug" in (words[: words.index("--")] if "--" in words else words)


def report_crash(error: BaseException) -> ExitCode:
    """Report an unforeseen exception on standard error; return the exit code."""
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
    """Write the traceback to a file that only this user can read; return where."""
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


def give_up_output() -> None:
    """Have Python not try once more, at its end, to write what could not be written."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_EXAMPLE = re.compile(r"^Example: (.*)$", re.MULTILINE)


def explain_mistake(error: Any) -> str:
    """Return what is wrong, the usage of the command, its example, and where its options are."""
    message = error.format_message()
    context = error.ctx
    if context is None:
        return f"gemel: {message}"
    usage = context.get_usage()
    if message.startswith(usage):  # nothing was typed: it is the help
        return str(message)
    lines = [f"gemel: {message}", usage]
    if example := _EXAMPLE.search(inspect.cleandoc(context.command.help or "")):
        lines.append(f"for example: {example[1]}")
    return "\n".join([*lines, f"all options: {context.command_path} --help"])


_PARTIAL = re.compile(r"/\.([^/]+)\.(?:try|tmp|new|old)-\w+$")
"""Name of a file while it is written; see `gemel.files`."""
_ADVICE = {
    errno.EACCES: "name another place, or let yourself in (ls -l shows who may)",
    errno.EDQUOT: "free space, or name a place on another disk",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOENT: "look whether its folder is there and can be written to, or name another place",
    errno.ENOSPC: "free space, or name a place on another disk",
    errno.ENOTDIR: "a part of this path is a file and no folder: name another place",
    errno.EPERM: "name another place, or let yourself in (ls -l shows who may)",
    errno.EROFS: "it may only be read: name another place",
}


def explain_system(error: OSError) -> str:
    """Report what the system refused, of which file, and what to do about it."""
    what = error.strerror or str(error)
    if error.filename is not None:
        path = _PARTIAL.sub(r"/\1", os.fsdecode(error.filename))
        what = f"{path}: {what}"
    advice = _ADVICE.get(error.errno or 0)
    return f"gemel: {what}; {advice}" if advice else f"gemel: {what}"
