"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Json", "ModelFolder", "PairsFile", "prevalence_option"]

PairsFile = Annotated[
    Path,
    typer.Argument(
        metavar="PAIRS",
        show_default=False,
        help="A file of labelled question pairs: .csv, .tsv, .jsonl (or .gz of one), .parquet.",
    ),
]
ModelFolder = Annotated[
    Path, typer.Option("--model", show_default=False, help="The folder that `gemel train` made.")
]


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
