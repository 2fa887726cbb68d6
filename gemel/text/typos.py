"""Typos: words one letter off, made and corrected."""

import functools
import itertools
import unicodedata
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, UInt64

_RANGE = 25
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
    others = map(chr, range(max(code - _RANGE, 0), min(code + _RANGE, 0x10FFFF) + 1))
    return "".join(
        other
        for other in others
        if other != letter
        and other.isalpha()
        and other.isupper() == letter.isupper()
        and _script(other) == script
    )


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


_SHORTEST = 4
"""Minimum length of a corrected word; shorter ones become other words."""
_LONGEST = 64
"""Maximum length of a corrected word."""
_BASE = np.uint64(0x9E3779B97F4A7C15)


class NearestWords:
    """Finds known words by deletions.

    Two words one edit apart (insertion, deletion, replacement, transposition) are equal when the
    right letter is deleted from one or both. All words, whole and with each letter deleted, are in
    one sorted array of hashes.

    Source: Garbe's SymSpell (2012).
    """

    def __init__(self, words: Sequence[str]):
        self.words = words
        plain = (_is_plain(word, shortest=_SHORTEST - 1) for word in words)
        usable = list(itertools.compress(itertools.count(), plain))
        keys, places = _keys([words[number] for number in usable])
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._numbers = np.array(usable, np.int64)[places[order]]

    def find(self, words: Sequence[str]) -> Int64[np.ndarray, "words"]:
        """Return for each word the index of the first known word one letter off, or -1.

        Only words of at least four letters and nothing else are corrected.
        """
        found = np.full(len(words), -1, np.int64)
        plain = [number for number, word in enumerate(words) if _is_plain(word)]
        keys, places = _keys([words[number] for number in plain])
        first = np.searchsorted(self._keys, keys, side="left")
        counts = np.searchsorted(self._keys, keys, side="right") - first
        hits = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        candidates = np.stack([np.repeat(places, counts), self._numbers[hits]], axis=1)
        for place, known in np.unique(candidates, axis=0).tolist():
            number = plain[place]
            if found[number] < 0 and is_one_letter_off(words[number], self.words[known]):
                found[number] = known
        return found


def is_one_letter_off(one: str, other: str) -> bool:
    """Return whether two words are one insertion, deletion, replacement or transposition apart."""
    if len(one) < len(other):
        one, other = other, one
    if len(one) - len(other) > 1 or one == other:
        return False
    same = 0
    while same < len(other) and one[same] == other[same]:
        same += 1
    one, other = one[same:], other[same:]
    if one[1:] in (other, other[1:]):
        return True
    return len(one) == len(other) and one[:2] == other[1::-1] and one[2:] == other[2:]


def _is_plain(word: str, shortest: int = _SHORTEST) -> bool:
    return shortest <= len(word) <= _LONGEST and word.isalpha()


def _keys(words: Sequence[str]) -> tuple[UInt64[np.ndarray, "keys"], Int64[np.ndarray, "keys"]]:
    """Hash each word, whole and with each letter deleted, with the word of each hash."""
    width = max(map(len, words), default=1)
    letters = np.array(words, f"<U{width}").view(np.uint32).reshape(len(words), width)
    lengths = np.array(list(map(len, words)), np.int64)
    letters = letters.astype(np.uint64) + np.uint64(1)
    # A word's hash is the sum of letter * base ** (letters behind it), modulo 2 ** 64.
    powers = np.ones(width + 1, np.uint64)
    np.multiply.accumulate(np.full(width, _BASE), out=powers[1:])
    before = np.zeros((len(words), width + 1), np.uint64)
    for place in range(width):
        before[:, place + 1] = before[:, place] * _BASE + letters[:, place]
    rows = np.arange(len(words))
    whole = before[rows, lengths]
    behind = lengths[:, None] - 1 - np.arange(width)
    is_letter = behind >= 0
    without = whole[:, None] + powers[np.maximum(behind, 0)] * (before[:, :-1] - before[:, 1:])
    keys = np.concatenate([whole, without[is_letter]])
    return keys, np.concatenate([rows, np.nonzero(is_letter)[0]])
