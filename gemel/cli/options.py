"""Options shared by several commands."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from gemel.cli.completion import complete_model
from gemel.cli.console import Output, note
from gemel.cli.signatures import argument, option, refuses_undecodable, switch, with_options
from gemel.config import MOST_THREADS
from gemel.pretrained import DEFAULT_MODEL

PairsFile = Annotated[
    Path,
    argument("PAIRS", "File of labelled question pairs: .csv, .tsv, .jsonl (also .gz), .parquet."),
]
QuestionsFile = Annotated[
    Path,
    argument(
        "QUESTIONS",
        "File of questions: .txt with one a line, .csv, .tsv, .jsonl (also .gz), .parquet.",
    ),
]
Threads = Annotated[
    int | None, option("N", "Number of threads. Default: one per core.", min=1, max=MOST_THREADS)
]
ModelFolder = Annotated[
    Path | None,
    typer.Option(
        "--model",
        show_default=False,
        autocompletion=complete_model,
        help="Model folder. Default: the model that ships with gemel.",
    ),
]


def thread_count(threads: int | None) -> int:
    """Return the given number of threads, or one per core."""
    from gemel.inference import available_cores

    return threads or available_cores()


def chosen_model(model: Path | None) -> Path:
    """Return the given model, or the default one with a note."""
    if model is not None:
        return model
    note(f"model: {DEFAULT_MODEL}, ships with gemel (--model selects another)")
    return Path(DEFAULT_MODEL)


def prevalence_option(*, help: str) -> Any:  # noqa: A002 - as typer has it
    """Return the option for a share of duplicates, above 0 and below 1."""
    return option("SHARE", help, "--prevalence", callback=_share)


def _share(value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise typer.BadParameter(
            f"is a share between 0 and 1, not {value:g}", param_hint="--prevalence"
        )
    return value


Json = Annotated[bool, switch("Print JSON.", "--json")]


new_database = option(
    "DB", "The corpus: an SQLite file, created if missing, or postgresql://...", "--db"
)
Database = Annotated[
    str,
    option(
        "DB", "The corpus that `gemel index` created: an SQLite file, or postgresql://...", "--db"
    ),
]
Count = Annotated[int, typer.Option("-k", metavar="K", min=1, help="How many to show.")]
Where = Annotated[
    list[str] | None,
    option(
        "NAME=VALUE",
        "Only questions whose metadata has this value, of the type of its column (year=2024); "
        "null is no value, quotes make text. May be given several times.",
    ),
]


def shown(db: str) -> str:
    """Return the name of a corpus to print: an address without user, password and settings."""
    if "://" not in db:
        return db
    address = urlsplit(db)
    return f"{address.scheme}://{address.hostname or ''}{address.path}"


def read_values(given: list[str] | None, option: str) -> Mapping[str, Any] | None:
    """Parse NAME=VALUE options, None if there are none; for the types see `Typed`.

    Raises:
        BadParameter: a name or equals sign is missing.
    """
    if not given:
        return None
    from gemel.store import Typed

    values: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not name or not sign:
            raise typer.BadParameter(f"expected NAME=VALUE, not {each!r}", param_hint=option)
        if name in values:
            raise typer.BadParameter(f"has {name} twice", param_hint=option)
        values[name] = Typed(value)
    return values


def heed(
    quiet: Annotated[
        bool,
        switch(
            "Print no progress and no notes; results, warnings and errors are still printed.",
            "--quiet",
            "-q",
        ),
    ] = False,
    no_color: Annotated[
        bool,
        switch(
            "Print plain lines without escape codes, as with NO_COLOR=1 or TERM=dumb.", "--no-color"
        ),
    ] = False,
    debug: Annotated[
        bool,
        switch(
            "Print the traceback of an internal error instead of writing it to a file.", "--debug"
        ),
    ] = False,
) -> None:
    """Apply the options; `gemel.cli.failures` reads --debug itself."""
    Output.quiet |= quiet
    Output.plain |= no_color


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
