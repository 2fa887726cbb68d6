"""`gemel audit`."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from gemel.cli.audit_text import describe_audit
from gemel.cli.options import Json
from gemel.cli.read_options import Reading, reads_pairs


@reads_pairs
def audit(
    pairs: Annotated[
        list[Path],
        typer.Argument(
            metavar="PAIRS",
            show_default=False,
            help="Files of labelled question pairs; first what a model is to learn from.",
        ),
    ],
    reading: Reading,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Draw a picture too; the name's ending says the kind: .png, .svg, .pdf, ...",
        ),
    ] = None,
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
    report = api.audit(*pairs, columns=reading.columns, skip_bad=reading.skip_bad)
    reading.warn()
    typer.echo(json.dumps(dataclasses.asdict(report)) if as_json else describe_audit(report))
    if plot is not None:
        save_picture(draw_audit(report), plot)
        if not as_json:
            typer.echo(f"\n{plot}: written")
