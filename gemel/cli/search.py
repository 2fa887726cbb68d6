"""`gemel search` and `gemel check`."""

import dataclasses
import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len

from gemel.cli.console import padded, print_result, printable, shortened
from gemel.cli.failures import ExitCode
from gemel.cli.options import Count, Database, Json, ModelFolder, Where, chosen_model, read_values
from gemel.cli.signatures import argument

if TYPE_CHECKING:
    from gemel.corpus import Match

_MARGIN = 30
"""Cells of a line next to a question and its id."""
_LONGEST_ID = 40


def describe_nearest(found: "list[Match]") -> str:
    """List the nearest neighbours: cosine, probability, id, question."""
    if not found:
        return "nothing: no question is stored that could be shown"
    head = f"cosine  probability  {'id':<{_id_width(found)}}  question"
    return "\n".join([head, *(f"{match.cosine:6.3f}  {_line(match, found)}" for match in found)])


def describe_matches(found: "list[Match]") -> str:
    """Return whether it is a duplicate, and list what is likeliest to ask the same."""
    is_same = any(match.verdict.is_duplicate for match in found)
    answer = "duplicate" if is_same else "no duplicate"
    if not found:
        return f"{answer}: no question is stored that it could be compared with"
    from gemel.decision import ANSWERS

    width = max(map(len, ANSWERS))
    head = f"{'answer':<{width}}  probability  {'id':<{_id_width(found)}}  question"
    lines = [f"{match.verdict.answer:<{width}}  {_line(match, found)}" for match in found]
    return "\n".join([answer, "", head, *lines])


def _line(match: "Match", found: "list[Match]") -> str:
    room = max(20, shutil.get_terminal_size().columns - _MARGIN - _id_width(found))
    name = padded(match.question.id, _id_width(found))
    text = shortened(match.question.text, room)
    return f"{match.verdict.probability:11.2f}  {name}  {text}"


def _id_width(found: "list[Match]") -> int:
    """Return the width of the column of ids; one that is longer is not cut, but overflows."""
    widest = max(cell_len(printable(match.question.id)) for match in found)
    return max(2, min(_LONGEST_ID, widest))


Question = Annotated[str, argument("QUESTION", "The question.")]


def search(
    question: Question,
    db: Database,
    model: ModelFolder = None,
    k: Count = 10,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Find the questions of a corpus that are nearest to one, the nearest first.

    Example: gemel search "How do I cook rice?" --db site.db
    """
    from gemel import api

    with api.open_index(db, chosen_model(model), create=False) as index:
        found = index.search(question, k, where=read_values(where, "--where"))
    print_result(list(map(_entry, found)), describe_nearest(found), as_json=as_json)


def check(
    question: Question,
    db: Database,
    model: ModelFolder = None,
    k: Count = 3,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Return whether a question is a duplicate, and as what.

    The likeliest come first; the exit code is 0 if one asks the same, 1 if none does.

    Example: gemel check "How do I cook rice?" --db site.db
    """
    from gemel import api

    with api.open_index(db, chosen_model(model), create=False) as index:
        found = index.check(question, k, where=read_values(where, "--where"))
    print_result(list(map(_entry, found)), describe_matches(found), as_json=as_json)
    if not any(match.verdict.is_duplicate for match in found):
        raise typer.Exit(ExitCode.NO)


def _entry(match: "Match") -> dict[str, Any]:
    question = match.question
    stored = {"id": question.id, "question": question.text, "metadata": dict(question.metadata)}
    return stored | {"cosine": match.cosine} | dataclasses.asdict(match.verdict)
