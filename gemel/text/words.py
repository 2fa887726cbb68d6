"""Split texts into words, numbers and marks."""

import functools
import re

from gemel.text.normalization import marks

ALONE = (
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
"""Scripts without spaces, and Korean: one token a character."""


def _before_words(letter: str, digit: str = r"\d") -> str:
    """Return the pattern of tokens with priority over plain words."""
    return (
        rf"[nN]'[tT](?!{letter})"  # don't is do n't, as treebanks write it
        rf"|'(?:[sS]|[rR][eE]|[vV][eE]|[lL][lL]|[dD]|[mM])(?!{letter})"
        rf"|[$€£¥]?{digit}+(?:[.,:]{digit}+)*(?:%|(?!{letter}))"  # $5, 2.0, 10:30, 50%
        rf"|[a-zA-Zıİ](?:\+\+|#)(?!{letter})"  # c++, c#
    )


def word_pattern(letter: str, digit: str, mark: str) -> str:
    """Return the pattern of a word, number or mark, for any regex engine, from character classes.

    Letters are without the scripts of `ALONE`; marks are everything else but spaces.
    """
    signs = f"[{marks()}]"
    return (
        rf"{_before_words(letter, digit)}"
        rf"|[{ALONE}]{signs}*|{letter}+(?:{signs}+{letter}*)*|{mark}"
    )


_ASCII = re.compile(_before_words(r"\w") + r"|\w+|[^\w\s\x1c-\x1f]", re.ASCII)


def split_words(text: str) -> list[str]:
    """Split a normalised text into words, numbers and marks; only spaces are dropped.

    Words never span a space.
    """
    if "n't" in text or "N'T" in text:
        text = text.replace("n't", " n't").replace("N'T", " N'T")
    pattern = _ASCII if text.isascii() else _any_script()
    return pattern.findall(text)


@functools.cache
def _any_script() -> re.Pattern[str]:
    return re.compile(word_pattern(rf"[^\W{ALONE}]", r"\d", r"[^\w\s]"))
