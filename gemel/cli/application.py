"""The command `gemel`."""

import io
import sys
from typing import Annotated, cast

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
    import_,
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
from gemel.cli.console import begin_notes
from gemel.cli.doctor import describe_environment
from gemel.cli.failures import (
    EXIT_CODES_HELP,
    ExitCode,
    explain_mistake,
    explain_system,
    give_up_output,
)
from gemel.cli.options import Verbs, heed
from gemel.cli.signatures import with_options
from gemel.errors import GemelError, TrainingStopped

# The class that typer's own errors have in common, wherever its release keeps it.
_UsageError = cast("type[Exception]", typer.BadParameter.__base__)

app = Verbs(name="gemel", help="Find questions that ask the same thing.", epilog=EXIT_CODES_HELP)
for _command in (
    sample.sample,
    data.data,
    audit.audit,
    split.split,
    mine.mine,
    train.train,
    evaluate.evaluate,
    fit.fit,
    compare.compare,
    encode.encode,
    dedupe.dedupe,
    index.index,
    search.search,
    search.check,
    change.add,
    change.remove,
    dedupe.duplicates,
    review.review,
    index.reindex,
    serve.serve,
    backup.backup,
    backup.restore,
    export.export,
    import_.import_,
    doctor.doctor,
):
    app.command(_command.__name__.rstrip("_"))(_command)
app.add_typer(key.app, name="key", help="Manage the keys of a service.")


def _print_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo("\n".join(describe_environment()))
        raise typer.Exit


def _say_version(
    version: Annotated[
        bool | None,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print version and environment.",
        ),
    ] = None,
) -> None:
    """Find questions that ask the same thing."""


app.callback()(with_options(_say_version, heed))


def main() -> int:
    """Run the command line and return the exit code; gemel's own errors are one line, code 2."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A letter that it cannot print is no reason to die.
        sys.stdout.reconfigure(errors="backslashreplace")
    begin_notes()
    try:
        code = app(standalone_mode=False) or ExitCode.DONE
        sys.stdout.flush()
    except _UsageError as error:
        return _end(explain_mistake(error), ExitCode.WRONG)
    except (typer.Abort, KeyboardInterrupt):
        code = ExitCode.STOPPED
    except TrainingStopped as stopped:
        return _end(f"gemel: {stopped}", ExitCode.STOPPED)
    except BrokenPipeError:
        give_up_output()
        return ExitCode.UNHEARD
    except SystemExit as stop:
        # Whose output no one reads has been ended by typer, with a code that means no.
        if isinstance(stop.__context__, BrokenPipeError):
            return ExitCode.UNHEARD
        if stop.code in (None, ExitCode.DONE):
            return ExitCode.DONE
        # A library gave up. Its code is not an answer, which is what 1 means.
        if isinstance(stop.code, str):
            return _end(f"gemel: {stop.code}", ExitCode.WRONG)
        return stop.code if isinstance(stop.code, int) and stop.code != 1 else ExitCode.WRONG
    except GemelError as error:
        give_up_output()
        return _end(f"gemel: {error}", ExitCode.WRONG)
    except OSError as error:
        give_up_output()
        return _end(explain_system(error), ExitCode.WRONG)
    if code == ExitCode.STOPPED:
        return _end("gemel: stopped; what was there is as it was", ExitCode.STOPPED)
    return int(code)


def _end(message: str, code: ExitCode) -> ExitCode:
    typer.echo(message, err=True)
    return code
