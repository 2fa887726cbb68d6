"""The one cleaning that training and answering share."""

import unicodedata

__all__ = ["clean"]

_APOSTROPHES = str.maketrans("‘’ʼ", "'''")


def clean(text: str, *, lowercase: bool = True) -> str:
    """Make texts that look alike the same: Unicode NFKC, straight apostrophes, single spaces, case.

    Args:
        text: a question as somebody typed it.
        lowercase: whether case is dropped.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        if lowercase:  # once more: some letters have a composed form in lower case only
            text = unicodedata.normalize("NFKC", text.lower())
        text = text.translate(_APOSTROPHES)
    elif lowercase:
        text = text.lower()
    return " ".join(text.split())
