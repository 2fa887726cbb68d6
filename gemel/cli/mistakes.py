"""A command that cannot be understood: what is wrong with it, and what to type."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, cast

import typer

__all__ = ["UsageError", "explain_mistake"]

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
