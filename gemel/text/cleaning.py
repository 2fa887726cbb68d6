"""The one cleaning that training and answering share."""

import functools
import re
import unicodedata
from collections.abc import Callable

from gemel.errors import MissingExtraError
from gemel.text.marks import marks

__all__ = ["CHANGED", "clean", "with_final_mark"]

_LONGEST_RUN = 30
"""Combining marks in a row that normalisation sees at once: sorting them takes quadratic time."""
_SPACER = "\u034f"  # combining grapheme joiner: seen by nobody, and marks are not sorted across it
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x200B), " ")
_LOOK_ALIKES = {ord(mark): "'" for mark in "‘’ʼ´′"}
_UNSEEN: dict[int, None] = dict.fromkeys(
    (
        *(0x00AD, 0x061C, 0xFEFF),  # soft hyphen, Arabic letter mark, byte-order mark
        *range(0x200C, 0x2010),  # joiners, marks of direction
        *range(0x202A, 0x202F),  # the same, embedded
        *range(0x2060, 0x2070),
        *range(0x180B, 0x1810),  # variation selectors
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
)
_SPACES = "".join(map(chr, (*range(0x21), 0x7F)))
"""What is a space in ASCII, once it is clean."""
CHANGED = _CONTROLS | _LOOK_ALIKES | _UNSEEN
"""What becomes of characters that are no use as they are, by code; None: nothing."""


def clean(text: str, *, lowercase: bool = True, repair: bool = False) -> str:
    """Make texts that look alike the same.

    Unicode NFKC, straight apostrophes, no characters that nobody sees, control characters as
    spaces, single spaces, case.

    Args:
        text: a question as somebody typed it.
        lowercase: whether case is dropped.
        repair: whether ftfy first puts right what a wrong decoding garbled (`donâ€™t`).

    Raises:
        MissingExtraError: `repair` without ftfy installed.

    Source: stream-safe text, Unicode Standard Annex 15, section 13, for long runs of marks.
    """
    if not text.isascii():
        if repair:
            text = _fix_text()(text)
        text = text.translate(CHANGED)  # first, or it would stand between a letter and its accent
        text = _long_runs().sub(rf"\g<0>{_SPACER}", text) if len(text) > _LONGEST_RUN else text
        text = unicodedata.normalize("NFKC", text)
        if lowercase:  # once more: some letters have a composed form in lower case only
            text = unicodedata.normalize("NFKC", text.lower())
        text = text.translate(CHANGED)  # and what the normal form has brought
    else:
        if not text.isprintable():
            text = text.translate(_CONTROLS)
        if lowercase:
            text = text.lower()
    return " ".join(text.split())


def with_final_mark(text: str) -> str:
    """Give a question that ends in a letter or digit a question mark.

    Args:
        text: clean, or of ASCII characters only.
    """
    bare = text.rstrip(_SPACES)
    return f"{bare}?" if bare[-1:].isalnum() else text


@functools.cache
def _long_runs() -> re.Pattern[str]:
    return re.compile(f"[{marks()}]{{{_LONGEST_RUN}}}")


@functools.cache
def _fix_text() -> Callable[[str], str]:
    try:
        import ftfy
    except ModuleNotFoundError as error:
        raise MissingExtraError("text.repair", "repair") from error
    # Quotes and the normal form are cleaning's business; entities may be what a question is about.
    settings = ftfy.TextFixerConfig(unescape_html=False, uncurl_quotes=False, normalization=None)
    return functools.partial(ftfy.fix_text, config=settings)
