"""`gemel evaluate`."""

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gemel.cli.options import Json, ModelFolder, PairsFile
from gemel.cli.progress import WorkProgress
from gemel.cli.reading import Reading, reads_pairs

if TYPE_CHECKING:
    from gemel.evaluation import Report

__all__ = ["evaluate"]


@reads_pairs
def evaluate(
    pairs: PairsFile,
    reading: Reading,
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
    as_json: Json = False,
) -> None:
    """Measure a model on labelled pairs it was not trained on.

    Example: gemel evaluate held-out.csv --model my-model
    """
    from gemel import api

    with WorkProgress(Console(stderr=True)) as progress:
        report = api.evaluate(
            pairs,
            model,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            halves=halves,
            seen=seen,
            progress=progress,
        )
    reading.warn()
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
