"""What was found in a corpus, in words."""

import shutil
from typing import TYPE_CHECKING

from rich.cells import cell_len

from gemel.cli.printable import padded, printable, shortened

if TYPE_CHECKING:
    from gemel.corpus import Match

_BESIDE = 30
"""Cells of a line beside a question and its id."""
_LONGEST_ID = 40


def describe_nearest(found: "list[Match]") -> str:
    """List what is nearest: cosine, probability, id, question."""
    if not found:
        return "nothing: no question is kept that could be shown"
    head = f"cosine  probability  {'id':<{_id_width(found)}}  question"
    return "\n".join([head, *(f"{match.cosine:6.3f}  {_line(match, found)}" for match in found)])


def describe_matches(found: "list[Match]") -> str:
    """Say whether it was asked before, and list what is likeliest to ask the same."""
    is_same = any(match.verdict.is_duplicate for match in found)
    answer = "asked before" if is_same else "not asked before"
    if not found:
        return f"{answer}: no question is kept that it could be compared with"
    from gemel.decision import ANSWERS

    width = max(map(len, ANSWERS))
    head = f"{'answer':<{width}}  probability  {'id':<{_id_width(found)}}  question"
    lines = [f"{match.verdict.answer:<{width}}  {_line(match, found)}" for match in found]
    return "\n".join([answer, "", head, *lines])


def _line(match: "Match", found: "list[Match]") -> str:
    room = max(20, shutil.get_terminal_size().columns - _BESIDE - _id_width(found))
    name = padded(match.question.id, _id_width(found))
    text = shortened(match.question.text, room)
    return f"{match.verdict.probability:11.2f}  {name}  {text}"


def _id_width(found: "list[Match]") -> int:
    """Return the width of the column of ids; one that is longer is not cut, but overflows."""
    widest = max(cell_len(printable(match.question.id)) for match in found)
    return max(2, min(_LONGEST_ID, widest))
