"""`gemel export`."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gemel.cli.console import note, print_result, printed_warnings, shortened
from gemel.cli.options import Json, ModelFolder, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import QuestionReadOptions, reads_questions
from gemel.cli.signatures import option, takes
from gemel.config import ExportOptions

if TYPE_CHECKING:
    from gemel.exchange import Exported

_SHOWN = 10
"""Disagreements that are shown."""
_WIDTH = 60
"""Width of a shown text, in cells."""


def describe_export(done: "Exported", listed: Path | None) -> Iterator[str]:
    """Yield the lines about a folder that was written; `listed` is the file of disagreements."""
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
    """Yield notes on using the folder elsewhere."""
    if not done.holds_for_cosine:
        yield (
            "the model decides by a pair head or letters, which stay behind: the folder gives the "
            "cosine, and the threshold in its gemel.json is not one of the cosine; "
            "--validation PAIRS, with --overwrite, fits one that is"
        )
    if any(each.words and each.reason.startswith("words") for each in done.agreement.disagreements):
        yield "--words QUESTIONS, with --overwrite, gives their unknown words vectors there too"


def export_figures(done: "Exported") -> dict[str, Any]:
    """Return the figures as JSON-compatible values, with all disagreements."""
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
    """Tool that loads the folder."""

    SENTENCE_TRANSFORMERS = "sentence-transformers"
    ONNX = "onnx"


@reads_questions
@takes(ExportOptions)
def export(
    to: Annotated[Target, typer.Option(show_default=False, help="The tool that loads it.")],
    out: Annotated[Path, typer.Option(show_default=False, help="The folder to write.")],
    reading: QuestionReadOptions,
    options: ExportOptions,
    model: ModelFolder = None,
    words: Annotated[
        Path | None, option("QUESTIONS", "A file of questions whose unknown words get vectors.")
    ] = None,
    check: Annotated[
        Path | None,
        option(
            "QUESTIONS",
            "A file of questions to test it with; those of `gemel sample` if not given.",
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        option(
            "PAIRS",
            "Labelled pairs (question1, question2, is_duplicate) to fit threshold and "
            "probabilities on, for the cosine.",
        ),
    ] = None,
    disagreements: Annotated[
        Path | None,
        option("FILE", "A .jsonl file for all questions that cannot agree, with reasons."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a model as a folder that sentence-transformers or ONNX Runtime loads.

    The folder gives vectors, whose cosine is gemel's. It cannot compose unknown words from their
    spelling, nor score pairs by more than the cosine. The command tests the folder with questions,
    reports which cannot agree and why, and writes nothing if one that should agree does not.

    Example: gemel export --to sentence-transformers --out my-export
    """
    from gemel.api.exchange_functions import export as export_model
    from gemel.exchange.agreement import check_disagreement_file, write_disagreements

    if disagreements is not None:
        check_disagreement_file(disagreements, overwrite=options.overwrite)
    chosen = chosen_model(model)
    with printed_warnings(), WorkProgress() as progress:
        done = export_model(
            out,
            chosen,
            ExportOptions.of(options, to=to.value),
            words=words,
            check=check,
            validation=validation,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            progress=progress,
        )
    reading.warn()
    if disagreements is not None:
        write_disagreements(done.agreement.disagreements, disagreements)
    for each in export_notes(done):
        note(f"note: {each}")
    print_result(export_figures(done), describe_export(done, disagreements), as_json=as_json)
