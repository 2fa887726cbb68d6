"""`gemel export`."""

import json
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gemel.cli.console import note, notes_console, printed_warnings, shortened
from gemel.cli.options import Json, ModelFolder, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import QuestionReadOptions, reads_questions

if TYPE_CHECKING:
    from gemel.exchange import Exported

_SHOWN = 10
"""Differing texts shown."""
_WIDTH = 60
"""Cells of one of them."""


def describe_export(done: "Exported", listed: Path | None) -> Iterator[str]:
    """Yield the description of an export; `listed` is the file of all differing texts."""
    added = f", {len(done.added):,} of them not in the vocabulary" if done.added else ""
    yield f"{done.path}: a model for {done.to}, {done.words:,} words{added}"
    if done.least_int8_cosine is not None:
        yield (
            f"model_int8.onnx: cosine with gemel's vectors {done.least_int8_cosine:.4f} at least, "
            "on drawn words"
        )
    if done.holds_for_cosine:
        decision = done.decision
        yield (
            f"threshold {decision.threshold:.4f} of the cosine, best for {decision.settings.aim}, "
            f"fitted on {decision.pairs:,} pairs"
        )
    found, texts = done.agreement.disagreements, done.agreement.texts
    alike = texts - len(found)
    if done.agreement.compared:
        yield (
            f"{alike:,} of {texts:,} questions agree: with {done.asked} the cosine of any two is "
            f"gemel's to {done.agreement.difference:.1g}"
        )
    else:
        why = done.not_asked or "nothing is left to compare"
        yield f"{alike:,} of {texts:,} questions are read alike; not compared: {why}"
    if found:
        yield ""
        yield from _disagreements(done, listed)


def _disagreements(done: "Exported", listed: Path | None) -> Iterator[str]:
    found = done.agreement.disagreements
    yield f"{len(found):,} cannot agree:"
    for reason, count in Counter(each.reason for each in found).most_common():
        yield f"  {count:,}: {reason}"
    for each in found[:_SHOWN]:
        words = f": {shortened(', '.join(each.words), _WIDTH)}" if each.words else ""
        yield f'  "{shortened(each.text, _WIDTH)}": {each.reason}{words}'
    if listed is not None:
        yield f"all of them: {listed}"
    elif len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN:,} more; --disagreements FILE.jsonl lists all"


def export_notes(done: "Exported") -> Iterator[str]:
    """Yield notes on what was not exported."""
    if not done.holds_for_cosine:
        yield (
            "the model decides by a pair head or letters, which stay behind: the folder gives the "
            "cosine, and the threshold in its gemel.json is not one of the cosine; "
            "--validation PAIRS, with --overwrite, fits one that is"
        )
    if any(each.words and each.reason.startswith("words") for each in done.agreement.disagreements):
        yield "--words QUESTIONS, with --overwrite, gives their unknown words vectors there too"


def export_figures(done: "Exported") -> dict[str, Any]:
    """Return the figures of an export for JSON."""
    return {
        "path": str(done.path),
        "to": done.to,
        "words": done.words,
        "added_words": done.added,
        "threshold": done.decision.threshold,
        "threshold_holds_for_cosine": done.holds_for_cosine,
        "pairs": done.decision.pairs,
        "questions": done.agreement.texts,
        "compared": done.agreement.compared,
        "compared_with": done.asked or None,
        "not_compared": done.not_asked or None,
        "cosine_difference": (done.agreement.difference if done.agreement.compared else None),
        "least_int8_cosine": done.least_int8_cosine,
        "disagreements": [each._asdict() for each in done.agreement.disagreements],
    }


class Target(StrEnum):
    """Tools to export to."""

    SENTENCE_TRANSFORMERS = "sentence-transformers"
    ONNX = "onnx"


@reads_questions
def export(
    to: Annotated[Target, typer.Option(show_default=False, help="Tool to export to.")],
    out: Annotated[Path, typer.Option(show_default=False, help="Folder to write.")],
    reading: QuestionReadOptions,
    model: ModelFolder = None,
    words: Annotated[
        Path | None,
        typer.Option(
            metavar="QUESTIONS",
            show_default=False,
            help="File of questions whose unknown words get vectors too.",
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="QUESTIONS",
            show_default=False,
            help="File of questions to compare vectors on. Default: those of `gemel sample`.",
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(
            metavar="PAIRS",
            show_default=False,
            help="Labelled pairs (question1, question2, is_duplicate) to fit a decision for "
            "the cosine on.",
        ),
    ] = None,
    disagreements: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="File for questions whose vectors differ, and why: .jsonl.",
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="With onnx: write a quantised file too.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite an existing export.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a model as a folder for sentence-transformers or ONNX Runtime.

    The folder gives gemel's vectors and their cosine. Composed vectors of unknown words and the
    pair head are not exported. The command compares vectors there with gemel's own, lists questions
    that differ and why, and writes nothing if one differs without reason.

    Example: gemel export --to sentence-transformers --out my-export
    """
    from gemel.api.exchange_functions import export as export_model
    from gemel.exchange.agreement import check_disagreement_file, write_disagreements

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
