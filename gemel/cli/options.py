"""Options shared by several commands."""

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
        help="File of labelled question pairs: .csv, .tsv, .jsonl (also .gz), .parquet.",
    ),
]
QuestionsFile = Annotated[
    Path,
    typer.Argument(
        metavar="QUESTIONS",
        show_default=False,
        help="File of questions: .txt with one a line, .csv, .tsv, .jsonl (also .gz), .parquet.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_THREADS,
        show_default=False,
        help="Number of threads. Default: one per core.",
    ),
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


def chosen_model(model: Path | None) -> Path:
    """Return the given model, or the default one with a note."""
    if model is not None:
        return model
    note(f"model: {DEFAULT_MODEL}, ships with gemel (--model selects another)")
    return Path(DEFAULT_MODEL)


def prevalence_option(*, help: str) -> Any:  # noqa: A002 - as typer has it
    """Return the option for a share of duplicates, above 0 and below 1."""
    return typer.Option(
        "--prevalence", metavar="SHARE", show_default=False, help=help, callback=_share
    )


def _share(value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise typer.BadParameter(
            f"is a share between 0 and 1, not {value:g}", param_hint="--prevalence"
        )
    return value


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
