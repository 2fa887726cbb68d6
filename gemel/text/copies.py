"""When two texts are copies of one question, whatever model answers."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from gemel.text.normalization import clean

_ENDS = " .?!…,;:。؟؛،۔।॥‽՞፧"
"""Spaces and marks that end a question without changing it."""
_OPENING = {ord(mark): None for mark in "¿¡"}
_QUOTED = re.compile(
    r"(?<!\w)'((?:[^']|(?<=\w)'(?=\w))+)'(?!\w)" r'|(?<!\w)"([^"]+)"(?!\w)' r"|`([^`]+)`"
)
"""Words in quotation marks; not inches or feet, which follow a digit, nor an apostrophe."""
_NESTED = 2
"""Quotation marks in quotation marks that are dropped."""
_STRAY = re.compile(r'(?<!\w)"(?=\w)|(?<=[^\W\d])"(?!\w)|(?<=\w[.?!,])"(?!\w)')
"""A quotation mark at a word that lacks its other half."""
_SPACED = re.compile(
    r" (?=[,;:?!)\]}]|\.+(?: |$))|(?<=[(\[{]) |(?<=[,;:?!)\]}]) (?!\d)| (?=[(\[{])"
)
"""Spaces next to marks, which no word needs; not those of `1, 5`."""
_FACTORIAL = re.compile(r"(?:\d|\)|(?<!\w)[b-hj-z])$")
"""Before an exclamation mark that is part of a term: `5!`, `(n+1)!`, `n!`."""

_DROPPED = bytes(range(0x21)) + b"\x7f\"'`.?!,;:"
"""Characters of ASCII that a key may lack."""
_LOWER = bytes(range(256)).lower()


def copy_key(text: str) -> str:
    """Return what all copies of a question have in common, and no other question has.

    Copies differ by case, spaces, final marks (`.`, `?`, `!`, `…`) or quotation marks around
    words, and by what `clean` folds. Marks that belong to a word or term stay: `c++`, `.net`,
    `5!`, `5'`, `don't`.

    Args:
        text: a question as it was typed.
    """
    form = clean(text)
    key = form if form.isascii() else form.casefold().translate(_OPENING)
    bare = key.rstrip(_ENDS)
    if "!" in key or not bare.replace(" ", "").isalnum():  # of most questions it is faster known
        bare = _without_final_marks(_SPACED.sub("", _without_quotes(key)))
    return bare or form


def are_copies(left: Sequence[str], right: Sequence[str]) -> Bool[np.ndarray, "pairs"]:
    """Compare texts pair by pair by their `copy_key`, which is computed where it can be equal.

    Args:
        left: the first text of each pair.
        right: the second one.
    """
    keys: dict[str, str] = {}

    def key(text: str) -> str:
        if text not in keys:
            keys[text] = copy_key(text)
        return keys[text]

    found = np.zeros(len(left), bool)
    for place, (one, other) in enumerate(zip(left, right, strict=True)):
        if one == other or (_may_be_copies(one, other) and key(one) == key(other)):
            found[place] = True
    return found


def _may_be_copies(one: str, other: str) -> bool:
    """Compare plain texts without marks and spaces, faster than by their keys."""
    if not (one.isascii() and other.isascii()):
        return True
    return _letters(one) == _letters(other)


def _letters(text: str) -> bytes:
    return text.encode().translate(_LOWER, _DROPPED)


def _without_quotes(text: str) -> str:
    """Drop the quotation marks around words, also one pair inside another."""
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
    if marks[:1] == "!" and _FACTORIAL.search(bare):
        bare += marks[: len(marks) - len(marks.lstrip("!"))]
    return bare
