"""Typos: one letter inserted, deleted, replaced or moved."""

import functools
import unicodedata
from collections.abc import Sequence

import numpy as np

_NEAR = 25
"""Range of code points for replacement letters."""


def edit_once(text: str, random: np.random.Generator) -> str:
    """Make one typo in a text.

    New letters have the script and case of their neighbour. The last letter is not deleted; a text
    without letters is unchanged.
    """
    letters = [place for place, letter in enumerate(text) if letter.isalpha()]
    if not letters:
        return text
    swaps = [
        place
        for place in letters
        if text[place + 1 : place + 2].isalpha() and text[place].lower() != text[place + 1].lower()
    ]
    place = letters[_pick(letters, random)]
    others = _letters_like(text[place])
    kinds = ["insert"]
    kinds += ["delete"] if len(letters) > 1 else []
    kinds += ["replace"] if others else []
    kinds += ["swap"] if swaps else []
    kind = kinds[_pick(kinds, random)]
    if kind == "swap":
        place = swaps[_pick(swaps, random)]
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if kind == "delete":
        return text[:place] + text[place + 1 :]
    new = others[_pick(others, random)] if others else text[place]
    if kind == "replace":
        return text[:place] + new + text[place + 1 :]
    place += int(random.integers(2))
    return text[:place] + new + text[place:]


def _pick(options: Sequence[object], random: np.random.Generator) -> int:
    return int(random.integers(len(options)))


@functools.lru_cache(maxsize=4096)
def _letters_like(letter: str) -> str:
    script, code = _script(letter), ord(letter)
    near = map(chr, range(max(code - _NEAR, 0), min(code + _NEAR, 0x10FFFF) + 1))
    return "".join(
        other
        for other in near
        if other != letter
        and other.isalpha()
        and other.isupper() == letter.isupper()
        and _script(other) == script
    )


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
