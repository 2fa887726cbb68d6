"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from gemel.data import BadRows, Columns

__all__ = [
    "BadRowsFile",
    "Header",
    "Json",
    "Label",
    "Left",
    "ModelFolder",
    "PairsFile",
    "Quotes",
    "Right",
    "Same",
    "SkipBad",
    "columns",
    "rows_to_skip",
]

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
Left = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Column of the first question: its name, or its place, from 1."
    ),
]
Right = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the second question.")]
Label = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of the label: 1 the same, 0 not; see --same."),
]
Same = Annotated[
    int,
    typer.Option(
        metavar="0|1", min=0, max=1, help="The label of pairs that ask the same, if it is not 1."
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        show_default=False,
        help="Whether a CSV or TSV file has a header; yes, unless columns are given by place.",
    ),
]
Quotes = Annotated[
    bool,
    typer.Option(
        "--quotes/--no-quotes",
        help="Whether quotes enclose fields of a CSV or TSV file, or are letters like others.",
    ),
]
SkipBad = Annotated[
    int,
    typer.Option(metavar="N", min=0, help="Skip up to N rows that do not fit, and list them."),
]
BadRowsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        help="Where --skip-bad lists them; PAIRS.bad-rows.jsonl in this directory if not given.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def columns(
    left: str | None,
    right: str | None,
    label: str | None,
    same: int,
    header: bool | None,
    quotes: bool,
) -> Columns:
    """Gather what is said of the columns."""
    return Columns(left=left, right=right, label=label, same=same, header=header, quotes=quotes)


def rows_to_skip(skip_bad: int, bad_rows: Path | None) -> BadRows:
    """Gather what is said of bad rows."""
    if bad_rows is not None and not skip_bad:
        raise typer.BadParameter(
            "lists what --skip-bad skips; add --skip-bad N", param_hint="--bad-rows"
        )
    return BadRows(skip_bad, bad_rows)
