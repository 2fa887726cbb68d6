"""Options of all commands: --quiet, --no-color and --debug, before and after the command."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from gemel.cli.argument_text import refuses_undecodable
from gemel.cli.console import keep_plain, keep_quiet
from gemel.cli.signatures import with_options

Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Print no progress and no notes; results, warnings and errors are still printed.",
    ),
]
NoColor = Annotated[
    bool,
    typer.Option(
        "--no-color",
        help="Print plain lines without escape codes, as with NO_COLOR=1 or TERM=dumb.",
    ),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Print the traceback of an internal error instead of writing it to a file."
    ),
]


def heed(quiet: Quiet = False, no_color: NoColor = False, debug: Debug = False) -> None:
    """Apply the options; `gemel.cli.failures` reads --debug itself."""
    if quiet:
        keep_quiet()
    if no_color:
        keep_plain()


class Verbs(typer.Typer):
    """A typer application whose commands all have these options."""

    def __init__(self, **settings: Any):
        super().__init__(
            no_args_is_help=True,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            context_settings={"help_option_names": ["-h", "--help"]},
            **settings,
        )
        self.callback()(heed)

    def command(  # type: ignore[override]
        self, name: str | None = None, **settings: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a command with these options."""
        register = super().command(name, **settings)

        def add(verb: Callable[..., Any]) -> Callable[..., Any]:
            register(refuses_undecodable(with_options(verb, heed)))
            return verb

        return add
