"""What every verb understands: --quiet, --no-color and --debug, before and after the verb."""

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
        help="No progress and no notes; results, errors and warnings are still given.",
    ),
]
NoColor = Annotated[
    bool,
    typer.Option(
        "--no-color", help="Plain lines without escape codes, as NO_COLOR=1 and TERM=dumb ask for."
    ),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Print the traceback of an internal error instead of writing it to a file."
    ),
]


def heed(quiet: Quiet = False, no_color: NoColor = False, debug: Debug = False) -> None:
    """Do as was asked, until the command ends; `gemel.cli.failures` looks for --debug."""
    if quiet:
        keep_quiet()
    if no_color:
        keep_plain()


class Verbs(typer.Typer):
    """Verbs that all heed the same habits."""

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
        """Add a verb, as `typer.Typer.command` does, with the options that all have."""
        register = super().command(name, **settings)

        def add(verb: Callable[..., Any]) -> Callable[..., Any]:
            register(refuses_undecodable(with_options(verb, heed)))
            return verb

        return add
