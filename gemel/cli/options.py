"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Json", "ModelFolder", "PairsFile"]

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
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
