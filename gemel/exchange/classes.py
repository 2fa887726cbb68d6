"""Classes of characters, written out: what is a letter is then the same in every engine."""

import functools
import re
import sys
from collections.abc import Iterable

_HALVES = range(0xD800, 0xE000)
"""Halves of characters, which are none."""
_MEANT_OTHERWISE = "\\]^-["


def class_of(characters: Iterable[str], *, negated: bool = False) -> str:
    """Give a class of characters, as `[a-c]`, of single ones in any order."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    parts = (
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        for low, high in ranges
    )
    return f"[{'^' * negated}{''.join(parts)}]"


@functools.cache
def class_like(pattern: str, *, negated: bool = False) -> str:
    r"""Give the class of all characters that a pattern of one character fits here, as `\w` does."""
    return class_of(re.findall(pattern, _characters()), negated=negated)


@functools.cache
def final_sigma() -> str:
    """Give the pattern of a capital sigma that ends a word, which has a small letter of its own.

    Which letters Python counts is seen by trying. It is found behind two marks at most.
    """
    cased = class_of(each for each in _characters() if f"{each}Σ".lower()[-1] == "ς")
    passed_over = class_of(
        each
        for each in _characters()
        if f"{each}Σ".lower()[-1] == "σ" and f"a{each}Σ".lower()[-1] == "ς"
    )
    before = "|".join(f"(?<={cased}{passed_over * marks})" for marks in range(3))
    return f"(?:{before})Σ(?!{passed_over}*{cased})"


def _escaped(code: int) -> str:
    character = chr(code)
    return f"\\{character}" if character in _MEANT_OTHERWISE else character


@functools.cache
def _characters() -> str:
    return "".join(chr(code) for code in range(sys.maxunicode + 1) if code not in _HALVES)
