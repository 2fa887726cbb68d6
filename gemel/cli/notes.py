"""Notes and progress on standard error: the one place that writes them, or keeps still.

Results go to standard output, and errors and warnings are always said; what is here is for the
person who waits. `--quiet` silences it. `--no-color`, NO_COLOR and TERM=dumb make it plain lines,
without any escape code, as it is where standard error is no terminal.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator
from typing import Any

import typer
from rich.console import Console

from gemel.errors import GemelWarning

_DUMB = ("dumb", "unknown")


class _Wishes:
    """What the command that runs was asked for."""

    quiet = False
    plain = False


def begin_notes() -> None:
    """Begin a command: nothing was asked for yet."""
    _Wishes.quiet = _Wishes.plain = False


def keep_quiet() -> None:
    """Write no notes from now on."""
    _Wishes.quiet = True


def keep_plain() -> None:
    """Write no escape codes from now on."""
    _Wishes.plain = True


def is_quiet() -> bool:
    """Whether notes are not wanted."""
    return _Wishes.quiet


def note(text: str) -> None:
    """Tell whoever waits; scripts and `--quiet` lose nothing by not hearing it."""
    if not _Wishes.quiet:
        typer.echo(text, err=True)


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
                typer.echo(f"warning: {text}", err=True)


def notes_console() -> Console:
    """Give what progress is shown on: a terminal, if standard error is one that may be drawn on."""
    environment = os.environ
    plain = _Wishes.plain or environment.get("NO_COLOR") or environment.get("TERM") in _DUMB
    if plain:
        return Console(stderr=True, force_terminal=False, no_color=True, color_system=None)
    return Console(stderr=True)
