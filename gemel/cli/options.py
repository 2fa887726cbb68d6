"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gemel.cli.completion import complete_model
from gemel.cli.console import note
from gemel.config import MOST_THREADS
from gemel.pretrained import DEFAULT_MODEL

PairsFile = Annotated[
    Path,
    typer.Argument(
        metavar="PAIRS",
        show_default=False,
        help="A file of labelled question pairs: .csv, .tsv, .jsonl (or .gz of one), .parquet.",
    ),
]
QuestionsFile = Annotated[
    Path,
    typer.Argument(
        metavar="QUESTIONS",
        show_default=False,
        help="A file of questions: .txt with one a line, .csv, .tsv, .jsonl (or .gz of one), "
        ".parquet.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_THREADS,
        show_default=False,
        help="How many compute; one a core if not given.",
    ),
]
ModelFolder = Annotated[
    Path | None,
    typer.Option(
        "--model",
        show_default=False,
        autocompletion=complete_model,
        help="The folder that `gemel train` made; without it the model that ships with gemel.",
    ),
]


def chosen_model(model: Path | None) -> Path:
    """Return the model that was named, or else the default one, and report so."""
    if model is not None:
        return model
    note(f"model: {DEFAULT_MODEL}, ships with gemel (--model selects another)")
    return Path(DEFAULT_MODEL)


def prevalence_option(*, help: str) -> Any:  # noqa: A002 - as typer has it
    """Make the option for a share of pairs that ask the same, above 0 and below 1."""
    return typer.Option(
        "--prevalence", metavar="SHARE", show_default=False, help=help, callback=_share
    )


def _share(value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise typer.BadParameter(
            f"is a share between 0 and 1, not {value:g}", param_hint="--prevalence"
        )
    return value


Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
