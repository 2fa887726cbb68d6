"""The command `gemel` itself."""

import io
import sys
from typing import Annotated

import typer

from gemel.cli import (
    audit,
    backup,
    change,
    compare,
    data,
    dedupe,
    doctor,
    encode,
    evaluate,
    export,
    fit,
    importing,
    index,
    key,
    mine,
    review,
    sample,
    search,
    serve,
    split,
    train,
)
from gemel.cli.output import give_up_output
from gemel.errors import GemelError, TrainingStopped
from gemel.version import __version__

__all__ = ["app", "main"]

_INTERRUPTED = 130

app = typer.Typer(
    name="gemel",
    help="Learn when two questions ask the same thing, and answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("sample")(sample.sample)
app.command("data")(data.data)
app.command("audit")(audit.audit)
app.command("split")(split.split)
app.command("mine")(mine.mine)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("fit")(fit.fit)
app.command("compare")(compare.compare)
app.command("encode")(encode.encode)
app.command("dedupe")(dedupe.dedupe)
app.command("index")(index.index)
app.command("search")(search.search)
app.command("check")(search.check)
app.command("add")(change.add)
app.command("remove")(change.remove)
app.command("duplicates")(dedupe.duplicates)
app.command("review")(review.review)
app.command("reindex")(index.reindex)
app.command("serve")(serve.serve)
app.add_typer(key.app, name="key", help="Keys of those who may ask a service.")
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("export")(export.export)
app.command("import")(importing.import_)
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(f"gemel {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool | None,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Say which gemel this is."
        ),
    ] = None,
) -> None:
    """Learn when two questions ask the same thing, and answer."""


def main() -> None:
    """Run the command line; an error that gemel raises on purpose is one line, exit code 2."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A letter that it cannot print is no reason to die.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except SystemExit as stop:
        if stop.code == _INTERRUPTED:  # typer has turned Ctrl-C into this, without a word
            typer.echo("gemel: stopped; what was there is as it was", err=True)
        raise
    except TrainingStopped as stopped:
        typer.echo(f"gemel: {stopped}", err=True)
        sys.exit(_INTERRUPTED)
    except (GemelError, OSError) as error:
        typer.echo(f"gemel: {error}", err=True)
        give_up_output()
        sys.exit(2)
