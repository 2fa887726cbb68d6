"""`gemel audit`."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from gemel.cli.audit_text import describe_audit
from gemel.cli.options import (
    BadRowsFile,
    Header,
    Json,
    Label,
    Left,
    Quotes,
    Right,
    Same,
    SkipBad,
    columns,
    rows_to_skip,
)

__all__ = ["audit"]


def audit(
    pairs: Annotated[
        list[Path],
        typer.Argument(
            metavar="PAIRS",
            show_default=False,
            help="Files of labelled question pairs; first what a model is to learn from.",
        ),
    ],
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Draw a picture too; the name's ending says the kind: .png, .svg, .pdf, ...",
        ),
    ] = None,
    left: Left = None,
    right: Right = None,
    label: Label = None,
    same: Same = 1,
    header: Header = None,
    quotes: Quotes = True,
    skip_bad: SkipBad = 0,
    bad_rows: BadRowsFile = None,
    as_json: Json = False,
) -> None:
    """Look at labelled pairs: labels, odd pairs, lengths, words, duplicate groups.

    Of several files it also says how much of each is in those named before it: questions, pairs
    with a known question, whole pairs. That is how a split made by somebody else is measured.

    Example: gemel audit train.csv test.csv --plot audit.png
    """
    from gemel import api

    if plot is not None:
        from gemel.plots import check_picture, draw_audit, save_picture

        check_picture(plot)
    skipped = rows_to_skip(skip_bad, bad_rows)
    report = api.audit(
        *pairs, columns=columns(left, right, label, same, header, quotes), skip_bad=skipped
    )
    if skipped.count:
        typer.echo(f"warning: {skipped}", err=True)
    typer.echo(json.dumps(dataclasses.asdict(report)) if as_json else describe_audit(report))
    if plot is not None:
        save_picture(draw_audit(report), plot)
        if not as_json:
            typer.echo(f"\n{plot}: written")
