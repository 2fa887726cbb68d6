"""`gemel export`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gemel.cli.export_text import describe_export, export_figures, export_notes
from gemel.cli.notes import note, notes_console, printed_warnings
from gemel.cli.options import Json, ModelFolder, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import QuestionReading, reads_questions


class Target(StrEnum):
    """What the folder is for."""

    SENTENCE_TRANSFORMERS = "sentence-transformers"
    ONNX = "onnx"


@reads_questions
def export(
    to: Annotated[Target, typer.Option(show_default=False, help="What shall load it.")],
    out: Annotated[Path, typer.Option(show_default=False, help="The folder to write.")],
    reading: QuestionReading,
    model: ModelFolder = None,
    words: Annotated[
        Path | None,
        typer.Option(
            metavar="QUESTIONS",
            show_default=False,
            help="A file of questions whose unknown words shall have vectors there too.",
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="QUESTIONS",
            show_default=False,
            help="A file of questions to try it with; without it those of `gemel sample`.",
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(
            metavar="PAIRS",
            show_default=False,
            help="Labelled pairs (question1, question2, is_duplicate) to fit threshold and "
            "probabilities on, for the cosine.",
        ),
    ] = None,
    disagreements: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Where all of these go that cannot agree, and why: .jsonl.",
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Of onnx: a second file, a quarter as large.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the export that stands at --out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a model as a folder that sentence-transformers or ONNX Runtime loads.

    It gives vectors, and their cosine is gemel's. What a folder of lists cannot do stays behind:
    composing words that are in no list from their spelling, and judging pairs by more than the
    cosine. The command tries the folder with questions, says which cannot agree and why, and writes
    nothing if one that should agree does not.

    Example: gemel export --to sentence-transformers --out my-export
    """
    from gemel.api.exchange_functions import export as export_model
    from gemel.exchange.disagreement_file import check_disagreement_file, write_disagreements

    if disagreements is not None:
        check_disagreement_file(disagreements, overwrite=overwrite)
    chosen = chosen_model(model)
    with printed_warnings(), WorkProgress(notes_console()) as progress:
        done = export_model(
            out,
            chosen,
            to=to.value,
            words=words,
            check=check,
            validation=validation,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            int8=int8,
            overwrite=overwrite,
            progress=progress,
        )
    reading.warn()
    if disagreements is not None:
        write_disagreements(done.agreement.disagreements, disagreements)
    for each in export_notes(done):
        note(f"note: {each}")
    if as_json:
        typer.echo(json.dumps(export_figures(done)))
    else:
        typer.echo("\n".join(describe_export(done, disagreements)))
