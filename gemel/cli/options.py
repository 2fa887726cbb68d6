"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from gemel.data import Columns

__all__ = ["Json", "Label", "Left", "ModelFolder", "PairsFile", "Right", "columns"]

PairsFile = Annotated[
    Path,
    typer.Argument(
        metavar="PAIRS", show_default=False, help="A .csv or .tsv file of labelled question pairs."
    ),
]
ModelFolder = Annotated[
    Path, typer.Option("--model", show_default=False, help="The folder that `gemel train` made.")
]
Left = Annotated[str | None, typer.Option(help="Column of the first question.")]
Right = Annotated[str | None, typer.Option(help="Column of the second question.")]
Label = Annotated[str | None, typer.Option(help="Column of the label: 1 the same, 0 not.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def columns(left: str | None, right: str | None, label: str | None) -> Columns:
    """Gather the three names."""
    return Columns(left=left, right=right, label=label)
