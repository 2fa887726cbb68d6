"""`gemel compare`."""

import csv
import dataclasses
import errno
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len, set_cell_size

from gemel.cli.console import notes_console, print_result, shortened
from gemel.cli.options import Json, ModelFolder, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import UnlabelledReadOptions, reads_unlabelled
from gemel.cli.signatures import argument, require_decodable, switch
from gemel.data import KINDS, Source
from gemel.errors import DataError

if TYPE_CHECKING:
    from gemel.decision import Verdict
    from gemel.inference import Compared, Engine, Explanation, WordShare

_LONGEST_WORD = 24
_LONGEST_BAR = 20
_MARGIN = 14
"""Cells of a line except word and bar."""
_NAMED = 2
"""Words named on either side."""
_LEAST = 0.0005
"""Smallest share shown."""


def describe_verdict(verdict: "Verdict") -> str:
    """Return answer and numbers as a line."""
    sign = ">=" if verdict.is_duplicate else "<"
    return (
        f"{verdict.answer}  "
        f"(probability {verdict.probability:.2f}, "
        f"similarity {verdict.similarity:.3f} {sign} threshold {verdict.threshold:.3f})"
    )


def describe_explanation(explanation: "Explanation") -> Iterator[str]:
    """Yield the answer, and the effect of each word as number and bar."""
    both = (*explanation.left, *explanation.right)
    room = shutil.get_terminal_size().columns - _MARGIN
    width = min(
        _LONGEST_WORD,
        max(cell_len(shortened(each.word, _LONGEST_WORD, always=True)) for each in both),
        max(room // 2, 4),
    )
    longest = max(0, min(_LONGEST_BAR, room - width))
    largest = max(_LEAST, *(abs(each.share) for each in both))
    yield describe_verdict(explanation.verdict)
    yield ""
    yield "similarity that each word adds: how far it falls without the word"
    for which, words in (("first", explanation.left), ("second", explanation.right)):
        yield f"  {which} question"
        for each in words:
            mark = " " if each.is_known else "*"
            bar = ("+" if each.share > 0 else "-") * round(abs(each.share) / largest * longest)
            word = set_cell_size(shortened(each.word, width, always=True), width)
            yield f"    {word}{mark} {each.share:+.3f}  {bar}".rstrip()
        if len(words) == 1:
            yield "    (without its only word it is like nothing: similarity 0)"
    if not all(each.is_known for each in both):
        yield "  * not in the vocabulary"
    yield ""
    yield _sentence(explanation)


def _sentence(explanation: "Explanation") -> str:
    """Name the words with the largest effects."""
    answer = explanation.verdict.answer
    sign = -1 if answer == "not the same" else 1
    claim = "the same" if answer == "ask a person" else answer
    both = (*explanation.left, *explanation.right)
    speakers, opponents = _strongest(both, sign), _strongest(both, -sign)
    for_it = f"{speakers} spoke most for" if speakers else "no word spoke for"
    against_it = f"{opponents} most against it" if opponents else "none against it"
    return f'{for_it} "{claim}", {against_it}'


def _strongest(words: "tuple[WordShare, ...]", sign: int) -> str:
    ranked = sorted(words, key=lambda each: -sign * each.share)
    names = dict.fromkeys(
        shortened(each.word, _LONGEST_WORD, always=True)
        for each in ranked
        if sign * each.share >= _LEAST
    )
    return " and ".join(f'"{name}"' for name in list(names)[:_NAMED])


_EVERY = 1000
"""Pairs between progress reports."""
_HEADER = ("answer", "probability", "similarity", "question1", "question2")


def write_rows(rows: "Iterable[Compared]", *, as_json: bool) -> None:
    """Print verdicts as they come, as tab-separated values with a header or as JSON Lines.

    Progress is shown unless the verdicts are shown on a terminal.
    """
    out, console = sys.stdout.buffer, notes_console()
    write = _write_json if as_json else _write_table
    shows = console.is_terminal and not sys.stdout.isatty()
    try:
        with WorkProgress(console) if shows else nullcontext() as progress:
            write(_counted(rows, progress), out)
    finally:
        out.flush()  # also what came before an error


def _counted(rows: "Iterable[Compared]", progress: WorkProgress | None) -> "Iterator[Compared]":
    for number, row in enumerate(rows, 1):
        yield row
        if progress and number % _EVERY == 0:
            progress("comparing questions", number, None)


def _write_json(rows: "Iterable[Compared]", out: Any) -> None:
    for row in rows:
        verdict = dataclasses.asdict(row.verdict)
        entry = verdict | {"question1": row.left, "question2": row.right, "line": row.line}
        out.write(json.dumps(entry).encode() + b"\n")


def _write_table(rows: "Iterable[Compared]", out: Any) -> None:
    table = csv.writer(_Lines(out), "excel-tab")
    for number, row in enumerate(rows):
        if not number:  # an error before any row is alone
            table.writerow(_HEADER)
        verdict = row.verdict
        numbers = (f"{verdict.probability:.6f}", f"{verdict.similarity:.6f}")
        table.writerow((verdict.answer, *numbers, row.left, row.right))


class _Lines:
    """Ends rows with a line feed alone; csv would otherwise not quote a carriage return."""

    def __init__(self, out: Any):
        self.out = out

    def write(self, row: str) -> None:
        self.out.write((row.removesuffix("\r\n") + "\n").encode())


_PIPE = "-"


class PipeFormat(StrEnum):
    """Formats of standard input."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"


@reads_unlabelled
def compare(
    first: Annotated[
        str,
        argument(
            "QUESTION|PAIRS|-",
            "A question; or a file of question pairs: .csv, .tsv, .jsonl (also .gz), "
            ".parquet; or -: pairs from standard input.",
        ),
    ],
    reading: UnlabelledReadOptions,
    model: ModelFolder = None,
    second: Annotated[str | None, argument("QUESTION", "The other question.")] = None,
    explain: Annotated[
        bool, switch("Show the effect of each word, for two questions.", "--explain")
    ] = False,
    pipe: Annotated[
        PipeFormat | None,
        typer.Option(
            "--format", show_default=False, help="Format of standard input. Default: tsv."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare two questions, or every pair of a file.

    For a file, one row a pair is printed, tab-separated; labels and a column `negative` are
    ignored. Standard input has two columns, tab-separated, and a header only if it has the usual
    names; its pairs are scored in batches.

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
        text = "\n".join(describe_explanation(explanation))
        entry = found["verdict"] | {"words": words}
    else:
        verdict = engine.predict(first, second)
        entry, text = dataclasses.asdict(verdict), describe_verdict(verdict)
    print_result(entry, text, as_json=as_json)


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
