"""`gemel compare`."""

import dataclasses
import errno
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.argument_text import require_decodable
from gemel.cli.options import Json, ModelFolder, chosen_model
from gemel.cli.read_options import Reading, reads_unlabelled
from gemel.cli.verdict_rows import write_rows
from gemel.cli.verdict_text import describe_explanation, describe_verdict
from gemel.data import KINDS, Source
from gemel.errors import DataError

if TYPE_CHECKING:
    from gemel.inference import Engine

_PIPE = "-"


class PipeFormat(StrEnum):
    """What may come through standard input."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"


@reads_unlabelled
def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="QUESTION|PAIRS|-",
            show_default=False,
            help="A question. Or a file of question pairs: .csv, .tsv, .jsonl (or .gz of one), "
            ".parquet. Or -: pairs from standard input.",
        ),
    ],
    reading: Reading,
    model: ModelFolder = None,
    second: Annotated[
        str | None,
        typer.Argument(metavar="QUESTION", show_default=False, help="The other question."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Of two questions, say what each word did.")
    ] = False,
    pipe: Annotated[
        PipeFormat | None,
        typer.Option("--format", show_default=False, help="What standard input is, if not tsv."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say whether two questions ask the same, or do it for every pair of a file.

    Of a file comes one row a pair, tab-separated; a label in it, or a column `negative`, is not
    looked at. Standard input has two columns, tab-separated, and a header only if that has the
    usual names; its pairs are judged in lots, the last when it ends.

    Example: gemel compare "How do I cook rice?" "Best way to cook rice?"
    """
    from gemel import api

    if sys.stdout is None:  # what is printed would be lost without a word
        raise OSError(errno.EBADF, "standard output is closed")
    if pipe is not None and (first != _PIPE or second is not None):
        raise typer.BadParameter("is for standard input; give -", param_hint="--format")
    if second is not None:
        require_decodable(first, "QUESTION")
        if not reading.is_usual:
            raise typer.BadParameter("options for a file of pairs, but two questions")
        _compare_two(api.load(chosen_model(model)), first, second, explain=explain, as_json=as_json)
        return
    if explain:
        raise typer.BadParameter("takes two questions, not many pairs", param_hint="--explain")
    source = _source(first, pipe or PipeFormat.TSV)
    if source.stream is not None and reading.skip_bad.path is None:
        reading.skip_bad.path = Path("standard-input.bad-rows.jsonl")
    rows = api.compare(
        source, chosen_model(model), columns=reading.columns, skip_bad=reading.skip_bad
    )
    write_rows(rows, as_json=as_json)
    reading.warn()


def _compare_two(
    engine: "Engine", first: str, second: str, *, explain: bool, as_json: bool
) -> None:
    problem = engine.find_blank(first, second)
    if problem:
        raise DataError(problem)
    if explain:
        explanation = engine.explain(first, second)
        found = dataclasses.asdict(explanation)
        words = {"question1": found["left"], "question2": found["right"]}
        entry, text = found["verdict"] | {"words": words}, describe_explanation(explanation)
    else:
        verdict = engine.predict(first, second)
        entry, text = dataclasses.asdict(verdict), describe_verdict(verdict)
    typer.echo(json.dumps(entry) if as_json else text)


def _source(name: str, pipe: PipeFormat) -> Source:
    if name == _PIPE:
        path = Path("standard input")
        if sys.stdin is None:
            raise DataError("is closed", path=path)
        return Source(path, f".{pipe}", sys.stdin.buffer)
    source = Source.of(name)
    if source.kind not in KINDS:
        raise DataError(
            f"{name!r:.60} is one question, or a file of no known kind; give two questions, or a "
            f"file whose name ends in {', '.join(KINDS)}, or - for standard input"
        )
    return source
