"""Combining marks: vowel signs and accents that belong to the letter before them."""

import functools
import unicodedata

_END = 0x20000
"""Behind it there are variation selectors only, which cleaning drops."""


@functools.cache
def marks() -> str:
    """Give the combining marks, which a pattern's word characters lack, as ranges for a class."""
    ranges: list[list[int]] = []
    for code in range(0x300, _END):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)
