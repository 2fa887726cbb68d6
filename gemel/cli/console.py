"""Standard output and error: notes, warnings, printable texts."""

import contextlib
import dataclasses
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console

from gemel.errors import GemelWarning


def printable(text: str) -> str:
    """Replace control characters and unprintable ones."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def shortened(text: str, width: int, *, always: bool = False) -> str:
    """Shorten printable text with three dots to `width` cells, on a terminal or `always`.

    Ids are never shortened.
    """
    text = printable(text)
    if cell_len(text) <= width or not (always or (sys.stdout is not None and sys.stdout.isatty())):
        return text
    return set_cell_size(text, width - 3) + "..."


def counted(count: int, name: str) -> str:
    """Return a number and its noun, as in "2 groups"."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def padded(text: str, width: int) -> str:
    """Pad printable text with spaces to `width` cells."""
    text = printable(text)
    return text + " " * (width - cell_len(text))


class Output:
    """Output options of the running command: no notes, no escape codes."""

    quiet = False
    plain = False


def begin_notes() -> None:
    """Reset the output options."""
    Output.quiet = Output.plain = False


def note(text: str) -> None:
    """Print a note on standard error, unless notes are off."""
    if not Output.quiet:
        typer.echo(text, err=True)


def print_result(value: Any, text: str | Iterable[str], *, as_json: bool) -> None:
    """Print JSON of a dataclass or plain value, or else a text or lines."""
    if as_json:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = dataclasses.asdict(value)
        typer.echo(json.dumps(value, default=str))
    else:
        typer.echo(text if isinstance(text, str) else "\n".join(text))


def warn(text: str) -> None:
    """Print a warning on standard error."""
    typer.echo(f"warning: {text}", err=True)


@contextlib.contextmanager
def hint_if_stopped(hints: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Print how to resume after Ctrl-C in a block."""
    try:
        yield
    except KeyboardInterrupt:
        for hint in hints():
            typer.echo(f"gemel: {hint}", err=True)
        raise


@contextlib.contextmanager
def printed_warnings() -> Iterator[None]:
    """Print each `GemelWarning` of a block as one line on standard error, at its end."""
    texts: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", GemelWarning)
        show_other = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any) -> None:
            if issubclass(category, GemelWarning):
                texts.append(str(message))
            else:
                show_other(message, category, *rest)

        warnings.showwarning = show  # type: ignore[assignment]
        try:
            yield
        finally:
            for text in texts:
                warn(text)


def notes_console() -> Console:
    """Return the console for progress: a terminal if standard error is one."""
    dumb = os.environ.get("TERM") in ("dumb", "unknown")
    if Output.plain or os.environ.get("NO_COLOR") or dumb:
        return Console(stderr=True, force_terminal=False, no_color=True, color_system=None)
    return Console(stderr=True)
