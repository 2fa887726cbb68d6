"""The page of commands: every `--help` at one terminal width."""

import functools
from collections.abc import Iterator
from typing import Any

import typer.main

from gemel.cli.application import app

__all__ = ["command_of", "commands_page"]

_WIDTH = 88
"""Characters a line."""
_BEGINNING = """# Commands

<!-- Made by `make docs-pages` from `--help`; edit the help, not this page. -->

The output of `gemel COMMAND --help`. Results go to standard output, notes and progress to standard
error; `--json` prints results for programs ([exit codes](exit-codes.md)).
"""


def commands_page() -> str:
    """Return the page as Markdown."""
    return _BEGINNING + "".join(
        f"\n{'##' if depth < 2 else '###'} {name}\n\n```text\n{text}\n```\n"
        for depth, name, text in _helps()
    )


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """Find the command of a command line given without `gemel`.

    Returns:
        Its context, with its parent commands as parents, and the remaining words.

    Raises:
        KeyError: there is no such command.
    """
    command, context = _root()
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        command = command.commands[name]
        context = command.context_class(command, info_name=name, parent=context)
    return context, words


@functools.cache
def _app() -> Any:
    return typer.main.get_command(app)


def _root() -> tuple[Any, Any]:
    command = _app()
    context = command.context_class(
        command,
        info_name="gemel",
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        **command.context_settings,
    )
    return command, context


def _helps() -> Iterator[tuple[int, str, str]]:
    """Yield depth, name and help of every command, parents first."""
    waiting = [(0, *_root())]
    while waiting:
        depth, command, context = waiting.pop(0)
        yield depth, context.command_path, command.get_help(context)
        inner = [
            (depth + 1, each, each.context_class(each, info_name=name, parent=context))
            for name, each in getattr(command, "commands", {}).items()
        ]
        waiting[:0] = inner
