"""The one cleaning that training and answering share."""

import functools
import unicodedata
from collections.abc import Callable

from gemel.errors import MissingExtraError
from gemel.text.normal_forms import NEWEST, normal_form

_SPACES = "".join(map(chr, (*range(0x21), 0x7F)))
"""What is a space in ASCII, once it is clean."""
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")


def clean(
    text: str, *, lowercase: bool = True, repair: bool = False, normalization: int = NEWEST
) -> str:
    """Make texts that look alike the same.

    Unicode NFKC, straight quotation marks, plain dashes, no invisible characters, control
    characters as spaces, single spaces, case. Superscripts, subscripts and fractions stay distinct
    from digits: `10⁶` becomes `10^6`.

    Args:
        text: a question as somebody typed it.
        lowercase: whether case is dropped.
        repair: whether ftfy first puts right what a wrong decoding garbled (`donâ€™t`).
        normalization: version of the rules, 1 or 2; see `normal_form`.

    Raises:
        MissingExtraError: `repair` without ftfy installed.

    Source: stream-safe text, Unicode Standard Annex 15, section 13, for long runs of marks.
    """
    if not text.isascii():
        if repair:
            text = _fix_text()(text)
        form = normal_form(normalization)
        text = form.change(text)  # first, or it would stand between a letter and its accent
        text = unicodedata.normalize("NFKC", form.bound(form.insert(text)))
        if lowercase:  # once more: some letters have a composed form in lower case only
            text = unicodedata.normalize("NFKC", text.lower())
        text = form.change(text)  # and what the normal form has brought
        if form.cut:
            text = form.bound(text)
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
def _fix_text() -> Callable[[str], str]:
    try:
        import ftfy
    except ModuleNotFoundError as error:
        raise MissingExtraError("text.repair", "repair") from error
    # Quotes and the normal form are cleaning's business; entities may be what a question is about.
    settings = ftfy.TextFixerConfig(unescape_html=False, uncurl_quotes=False, normalization=None)
    return functools.partial(ftfy.fix_text, config=settings)
