"""Copies of questions, independent of any model."""

import functools
import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from gemel.text.normalization import clean

_ENDS = " .?!…,;:。؟؛،۔।॥‽՞፧"
"""Spaces and marks that do not change a question at its end."""
_OPENING = {ord(mark): None for mark in "¿¡"}
_QUOTED = re.compile(
    r"(?<!\w)'((?:[^']|(?<=\w)'(?=\w))+)'(?!\w)" r'|(?<!\w)"([^"]+)"(?!\w)' r"|`([^`]+)`"
)
"""Words in quotation marks; not inches or feet after a digit, nor apostrophes."""
_NESTED = 2
"""Nested quotation marks that are removed."""
_STRAY = re.compile(r'(?<!\w)"(?=\w)|(?<=[^\W\d])"(?!\w)|(?<=\w[.?!,])"(?!\w)')
"""An unpaired quotation mark at a word."""
_SPACED = re.compile(
    r" (?=[,;:?!)\]}]|\.+(?: |$))|(?<=[(\[{]) |(?<=[,;:?!)\]}]) (?!\d)| (?=[(\[{])"
)
"""Spaces next to punctuation; not those of `1, 5`."""
_FACTORIAL = re.compile(r"(?:\d|\)|(?<!\w)[b-hj-z])$")
"""Text before an exclamation mark that is a factorial: `5!`, `(n+1)!`, `n!`."""

_DROPPED = bytes(range(0x21)) + b"\x7f\"'`.?!,;:"
"""ASCII characters that a key may lack."""
_LOWER = bytes(range(256)).lower()


def copy_key(text: str) -> str:
    """Return a key that all copies of a question share, and no other question has.

    Copies differ by case, spaces, final marks (`.`, `?`, `!`, `…`) or quotation marks around words,
    and by what `clean` normalises. Marks of a word or term count: `c++`, `.net`, `5!`, `5'`,
    `don't`.
    """
    form = clean(text)
    key = form if form.isascii() else form.casefold().translate(_OPENING)
    bare = key.rstrip(_ENDS)
    if "!" in key or not bare.replace(" ", "").isalnum():  # of most questions it is faster known
        bare = _without_final_marks(_SPACED.sub("", _without_quotes(key)))
    return bare or form


def are_copies(left: Sequence[str], right: Sequence[str]) -> Bool[np.ndarray, "pairs"]:
    """Compare texts pair by pair by their `copy_key`."""
    key = functools.cache(copy_key)
    both = zip(left, right, strict=True)
    found = [
        one == other or (_may_be_copies(one, other) and key(one) == key(other))
        for one, other in both
    ]
    return np.array(found, bool)


def _may_be_copies(one: str, other: str) -> bool:
    """Compare ASCII texts without marks and spaces, faster than by their keys."""
    if not (one.isascii() and other.isascii()):
        return True
    return one.encode().translate(_LOWER, _DROPPED) == other.encode().translate(_LOWER, _DROPPED)


def _without_quotes(text: str) -> str:
    """Remove quotation marks around words, one nested pair too."""
    text = text.replace("``", '"').replace("''", '"')
    for _ in range(_NESTED):
        text = _QUOTED.sub(_words_only, text)
    return " ".join(_STRAY.sub("", text).split())


def _words_only(quoted: re.Match[str]) -> str:
    content: str = quoted[quoted.lastindex or 0]
    return content if any(map(str.isalnum, content)) else quoted[0]


def _without_final_marks(text: str) -> str:
    bare = text.rstrip(_ENDS)
    marks = text[len(bare) :]
    is_factorial = marks[:1] == "!" and _FACTORIAL.search(bare)
    return bare + marks[: len(marks) - len(marks.lstrip("!"))] if is_factorial else bare
