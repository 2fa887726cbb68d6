"""A verdict in words, and the words that carried it."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from gemel.cli.printable import shortened

if TYPE_CHECKING:
    from gemel.decision import Verdict
    from gemel.inference import Explanation, WordShare

_LONGEST_WORD = 24
_LONGEST_BAR = 20
_BESIDE = 14
"""Cells of a line that are neither word nor bar."""
_NAMED = 2
"""Words that the sentence names on either side."""
_LEAST = 0.0005
"""A share below it is shown as nothing."""


def describe_verdict(verdict: "Verdict") -> str:
    """Say the answer and its numbers in a line."""
    sign = ">=" if verdict.is_duplicate else "<"
    return (
        f"{verdict.answer}  "
        f"(probability {verdict.probability:.2f}, "
        f"similarity {verdict.similarity:.3f} {sign} threshold {verdict.threshold:.3f})"
    )


def describe_explanation(explanation: "Explanation") -> str:
    """Add to the answer what each word did for it, as number and bar, and the strongest by name."""
    return "\n".join(_lines(explanation))


def _lines(explanation: "Explanation") -> Iterator[str]:
    both = (*explanation.left, *explanation.right)
    room = shutil.get_terminal_size().columns - _BESIDE
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
    """Name the words that spoke most for the answer and against it."""
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
