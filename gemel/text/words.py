"""From a cleaned text to words, numbers and single marks."""

import functools
import re

from gemel.text.marks import marks

__all__ = ["split_words"]

# Scripts without spaces, and Korean, whose endings cling to the word: one token a character.
_ALONE = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\uaa60-\uaa7f\u1780-\u17ff"  # Myanmar, Khmer
    "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Tai scripts
    "\u1b00-\u1bbf\ua980-\ua9df"  # Balinese, Sundanese, Batak, Javanese
    "\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\ua000-\ua4cf"  # Bopomofo, Ainu's Kana, Yi
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # Kana, Han
    "\uac00-\ud7af"  # Hangul
    "\U00012000-\U000143ff\U00016fe0-\U00018dff\U0001b000-\U0001b2ff"  # old scripts, rare Kana
    "\U00020000-\U0003ffff"  # rarer Han
)


def _before_words(letter: str) -> str:
    """Give the pattern of what is tried before plain words, none of which goes on with a letter."""
    return (
        rf"n't(?!{letter})"  # don't is do n't, as treebanks write it
        rf"|'(?:s|re|ve|ll|d|m)(?!{letter})"
        rf"|[$€£¥]?\d+(?:[.,:]\d+)*(?:%|(?!{letter}))"  # $5, 2.0, 10:30, 50%
        rf"|[a-z](?:\+\+|\#)(?!{letter})"  # c++, c#
    )


_ASCII = re.compile(_before_words(r"\w") + r"|\w+|[^\w\s\x1c-\x1f]", re.IGNORECASE | re.ASCII)


def split_words(text: str) -> list[str]:
    """Cut a cleaned text into words, numbers and single marks; nothing but spaces gets lost.

    No word looks across a space: the words of a text are those of its pieces between spaces.
    """
    if "n't" in text or "N'T" in text:
        text = text.replace("n't", " n't").replace("N'T", " N'T")
    pattern = _ASCII if text.isascii() else _any_script()
    return pattern.findall(text)


@functools.cache
def _any_script() -> re.Pattern[str]:
    letters, signs = rf"[^\W{_ALONE}]", f"[{marks()}]"
    return re.compile(
        rf"{_before_words(letters)}|[{_ALONE}]{signs}*|{letters}+(?:{signs}+{letters}*)*|[^\w\s]",
        re.IGNORECASE,
    )
