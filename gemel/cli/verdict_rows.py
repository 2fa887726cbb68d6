"""Verdicts on many pairs, a row each, on standard output."""

import csv
import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from gemel.cli.notes import notes_console
from gemel.cli.progress import WorkProgress

if TYPE_CHECKING:
    from gemel.inference import Compared

_EVERY = 1000
"""Pairs between two words of progress."""
_HEADER = ("answer", "probability", "similarity", "question1", "question2")


def write_rows(rows: "Iterable[Compared]", *, as_json: bool) -> None:
    """Print verdicts as they come, in UTF-8; a reader that has seen enough ends it, quietly.

    Args:
        rows: the verdicts.
        as_json: as JSON Lines; else as tab-separated values under a header.
    """
    out = sys.stdout.buffer
    write = _write_json if as_json else _write_table
    try:
        with _progress() as tell:
            write(_told(rows, tell), out)
    finally:
        out.flush()  # also what came before an error


def _progress() -> AbstractContextManager[Any]:
    """Show how far it is, unless the verdicts show it or nobody looks."""
    console = notes_console()
    is_seen = console.is_terminal and not sys.stdout.isatty()
    return WorkProgress(console) if is_seen else nullcontext(lambda *done: None)


def _told(rows: "Iterable[Compared]", tell: Any) -> "Iterator[Compared]":
    for number, row in enumerate(rows, 1):
        yield row
        if number % _EVERY == 0:
            tell("comparing questions", number, None)


def _write_json(rows: "Iterable[Compared]", out: Any) -> None:
    for row in rows:
        verdict = dataclasses.asdict(row.verdict)
        entry = verdict | {"question1": row.left, "question2": row.right, "line": row.line}
        out.write(json.dumps(entry).encode() + b"\n")


def _write_table(rows: "Iterable[Compared]", out: Any) -> None:
    table = csv.writer(_Lines(out), "excel-tab")
    for number, row in enumerate(rows):
        if not number:  # an error before any row stands alone
            table.writerow(_HEADER)
        verdict = row.verdict
        numbers = (f"{verdict.probability:.6f}", f"{verdict.similarity:.6f}")
        table.writerow((verdict.answer, *numbers, row.left, row.right))


class _Lines:
    """Ends rows with a line feed alone; told to do so, csv would not quote a carriage return."""

    def __init__(self, out: Any):
        self.out = out

    def write(self, row: str) -> None:
        self.out.write((row.removesuffix("\r\n") + "\n").encode())
