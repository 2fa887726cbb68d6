"""Perturbations of questions."""

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gemel.text import edit_once


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """A perturbation."""

    name: str
    """Short name."""
    description: str
    """Description."""
    change: Callable[[str, np.random.Generator], str]
    """Changes a text."""
    keeps_meaning: bool = True
    """Whether the meaning stays the same."""


def edit_twice(text: str, random: np.random.Generator) -> str:
    """Make two edits."""
    return edit_once(edit_once(text, random), random)


def slip_on_keyboard(text: str, random: np.random.Generator) -> str:
    """Replace one letter a to z by its neighbour on a QWERTY keyboard."""
    places = [place for place, letter in enumerate(text) if letter in _BESIDE]
    if not places:
        return text
    place = places[_pick(places, random)]
    beside = _BESIDE[text[place]]
    return text[:place] + beside[_pick(beside, random)] + text[place + 1 :]


def raise_case(text: str, random: np.random.Generator) -> str:
    """Convert to upper case."""
    return text.upper()


def drop_punctuation(text: str, random: np.random.Generator) -> str:
    """Remove all punctuation, unless nothing would remain."""
    left = "".join(letter for letter in text if not _is_punctuation(letter))
    return left if left.strip() else text


def swap_words(text: str, random: np.random.Generator) -> str:
    """Exchange two neighbouring words."""
    words = list(_WORD.finditer(text))
    swaps = [
        (one, two) for one, two in itertools.pairwise(words) if one[0].lower() != two[0].lower()
    ]
    if not swaps:
        return text
    one, two = swaps[_pick(swaps, random)]
    between = text[one.end() : two.start()]
    return text[: one.start()] + two[0] + between + one[0] + text[two.end() :]


def change_numbers(text: str, random: np.random.Generator) -> str:
    """Replace every run of digits by another of the same length, without new leading zeros."""
    return _NUMBER.sub(lambda found: _another(found[0], random), text)


def numbers(text: str) -> list[str]:
    """Return every run of digits, in order, as ASCII."""
    return [
        "".join(str(unicodedata.decimal(digit)) for digit in digits)
        for digits in _NUMBER.findall(text)
    ]


PERTURBATIONS = (
    Perturbation(
        name="one_edit",
        description="a letter inserted, deleted or replaced, or two swapped",
        change=edit_once,
    ),
    Perturbation(name="two_edits", description="two such edits", change=edit_twice),
    Perturbation(
        name="keyboard_slip",
        description="a letter becomes its neighbour on the keyboard",
        change=slip_on_keyboard,
    ),
    Perturbation(name="upper_case", description="all in upper case", change=raise_case),
    Perturbation(
        name="lost_punctuation", description="all punctuation removed", change=drop_punctuation
    ),
    Perturbation(
        name="word_order", description="two neighbouring words change places", change=swap_words
    ),
    Perturbation(
        name="numbers",
        description="every number of the second question becomes another one",
        change=change_numbers,
        keeps_meaning=False,
    ),
)
"""All perturbations, in the order of a report."""

_NUMBER = re.compile(r"\d+")
_MARKS = re.escape('.,;:!?…"“”„«»()[]{}¿¡。，！？；：、「」『』（）؟،؛।')
_WORD = re.compile(rf"[^\s{_MARKS}](?:\S*[^\s{_MARKS}])?")
_APOSTROPHES = "`´ʼ"  # which Unicode counts among symbols and letters
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACES = {  # every row is half a key further right than the one above
    key: (row, column + row / 2)
    for row, keys in enumerate(_KEYS)
    for column, key in enumerate(keys)
}
_BESIDE = {
    key: "".join(
        other
        for other, (row, column) in _PLACES.items()
        if other != key and abs(row - place[0]) <= 1 and abs(column - place[1]) <= 1
    )
    for key, place in _PLACES.items()
}
_BESIDE |= {key.upper(): beside.upper() for key, beside in _BESIDE.items()}


def _pick(options: Sequence[object], random: np.random.Generator) -> int:
    return int(random.integers(len(options)))


def _is_punctuation(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "P" or letter in _APOSTROPHES


def _another(digits: str, random: np.random.Generator) -> str:
    old = [unicodedata.decimal(digit) for digit in digits]
    new = old
    while new == old:
        first = random.integers(1 if old[0] else 0, 10)
        new = [int(first), *random.integers(10, size=len(old) - 1).tolist()]
    shifted = zip(digits, old, new, strict=True)
    return "".join(chr(ord(digit) - was + becomes) for digit, was, becomes in shifted)
