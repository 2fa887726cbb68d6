"""A command that cannot be understood, or that the system refuses: what to type next."""

import errno
import inspect
import os
import re
from collections.abc import Iterator
from typing import Any, cast

import typer

# The class that typer's own errors have in common, wherever its release keeps it.
UsageError = cast("type[Exception]", typer.BadParameter.__base__)

_EXAMPLE = re.compile(r"^Example: (.*)$", re.MULTILINE)


def explain_mistake(error: Any) -> str:
    """Say what is wrong, then how the command goes, by its example, and where its options are."""
    message = error.format_message()
    context = error.ctx
    if context is None:
        return f"gemel: {message}"
    usage = context.get_usage()
    if message.startswith(usage):  # nothing was typed: it is the help
        return str(message)
    return "\n".join([f"gemel: {message}", *_what_to_type(context, usage)])


def _what_to_type(context: Any, usage: str) -> Iterator[str]:
    yield usage
    example = _EXAMPLE.search(inspect.cleandoc(context.command.help or ""))
    if example:
        yield f"for example: {example[1]}"
    yield f"what there is: {context.command_path} --help"


_PARTIAL = re.compile(r"/\.([^/]+)\.(?:try|tmp|new|old)-\w+$")
"""What stands for a file while it is written; see `gemel.files`."""
_ADVICE = {
    errno.EACCES: "name another place, or let yourself in (ls -l shows who may)",
    errno.EDQUOT: "make room, or name a place on another disk",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOENT: "look whether its folder is there and can be written to, or name another place",
    errno.ENOSPC: "make room, or name a place on another disk",
    errno.ENOTDIR: "a part of this path is a file and no folder: name another place",
    errno.EPERM: "name another place, or let yourself in (ls -l shows who may)",
    errno.EROFS: "it may only be read: name another place",
}


def explain_system(error: OSError) -> str:
    """Say what the system refused, of which file, and what to do about it."""
    what = error.strerror or str(error)
    if error.filename is not None:
        path = _PARTIAL.sub(r"/\1", os.fsdecode(error.filename))
        what = f"{path}: {what}"
    advice = _ADVICE.get(error.errno or 0)
    return f"gemel: {what}; {advice}" if advice else f"gemel: {what}"
