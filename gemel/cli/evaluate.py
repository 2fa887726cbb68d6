"""`gemel evaluate`."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from gemel.cli.evaluate_text import describe_report
from gemel.cli.notes import notes_console, printed_warnings
from gemel.cli.options import Json, ModelFolder, PairsFile, chosen_model, prevalence_option
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import Reading, reads_pairs


@reads_pairs
def evaluate(
    pairs: PairsFile,
    reading: Reading,
    model: ModelFolder = None,
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
    prevalence: Annotated[
        float | None,
        prevalence_option(help="Weigh the pairs as if this share of them asked the same."),
    ] = None,
    beside_tfidf: Annotated[
        bool,
        typer.Option("--beside-tfidf", help="Have TF-IDF rank the same pairs, as a rival to beat."),
    ] = False,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="See what typos and lost marks do to verdicts, and a changed number or a “not”.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            show_default=False,
            help="Write all of it, with plots, as a page to read: DIR/index.html.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure a model on labelled pairs it was not trained on.

    Example: gemel evaluate held-out.csv --model my-model --report report
    """
    from gemel import api

    model = chosen_model(model)

    with printed_warnings(), WorkProgress(notes_console()) as progress:
        found = api.evaluate(
            pairs,
            model,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            halves=halves,
            seen=seen,
            prevalence=prevalence or 0.0,
            beside_tfidf=beside_tfidf,
            robustness=robustness,
            page=report,
            progress=progress,
        )
    reading.warn()
    typer.echo(json.dumps(dataclasses.asdict(found)) if as_json else describe_report(found))
    if report is not None and not as_json:
        typer.echo(f"\n{report / 'index.html'}: written; open it in a browser")
