"""`gemel evaluate`."""

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gemel.cli.options import (
    BadRowsFile,
    Header,
    Json,
    Label,
    Left,
    ModelFolder,
    PairsFile,
    Quotes,
    Right,
    Same,
    SkipBad,
    columns,
    rows_to_skip,
)
from gemel.cli.progress import WorkProgress

if TYPE_CHECKING:
    from gemel.evaluation import Report

__all__ = ["evaluate"]


def evaluate(
    pairs: PairsFile,
    model: ModelFolder,
    halves: Annotated[
        bool,
        typer.Option(
            "--halves",
            help="Judge each half of the pairs by the threshold best on the other half, "
            "instead of the stored one.",
        ),
    ] = False,
    seen: Annotated[
        bool, typer.Option("--seen", help="Measure even on pairs that the model has seen.")
    ] = False,
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
    """Measure a model on labelled pairs it was not trained on.

    Example: gemel evaluate held-out.csv --model my-model
    """
    from gemel import api

    skipped = rows_to_skip(skip_bad, bad_rows)
    with WorkProgress(Console(stderr=True)) as progress:
        report = api.evaluate(
            pairs,
            model,
            columns=columns(left, right, label, same, header, quotes),
            skip_bad=skipped,
            halves=halves,
            seen=seen,
            progress=progress,
        )
    if skipped.count:
        typer.echo(f"warning: {skipped}", err=True)
    typer.echo(json.dumps(dataclasses.asdict(report)) if as_json else _text(report))


def _text(report: "Report") -> str:
    confusion = report.confusion
    thresholds = " and ".join(f"{threshold:.4f}" for threshold in report.thresholds)
    lines = [
        f"{report.data}: {report.pairs:,} pairs, {report.prevalence:.1%} ask the same",
        f"threshold {thresholds}: {report.protocol}",
        "",
        f"{'':18} {'value':>7}   95 % of resamples",
    ]
    lines += [
        f"{name.replace('_', ' '):18} {figure.value:7.4f}   {figure.low:.4f} to {figure.high:.4f}"
        for name, figure in report.figures.items()
    ]
    lines += [
        "",
        f"{'':18} {'called the same':>16} {'called not the same':>20}",
        f"{'ask the same':18} {confusion.true_positives:16,.0f} {confusion.false_negatives:20,.0f}",
        f"{'do not':18} {confusion.false_positives:16,.0f} {confusion.true_negatives:20,.0f}",
    ]
    return "\n".join(lines)
