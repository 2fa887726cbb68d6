"""Cleaned text to numbers of words, in Python."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from gemel.text.found import Found
from gemel.text.token_table import TokenTable
from gemel.text.words import split_words

_BETWEEN = "\n"
"""A piece that no cleaned text has; its number is 0."""


def find_words(texts: Sequence[str], ids: Mapping[str, int]) -> Found:
    """Find the words of texts that `clean` has been over.

    A text is read piece by piece, a piece being what stands between two spaces; what returns, and
    most of it does, is cut and looked up once.

    Args:
        texts: any texts.
        ids: the list of words, and the number of each.
    """
    if not texts:
        nothing = np.zeros(0, np.int64)
        return Found(np.zeros(0, np.int32), np.zeros(1, np.int64), nothing, [])
    pieces = _Numbers({_BETWEEN: 0})
    all_pieces = f" {_BETWEEN} ".join([*texts, ""]).split(" ")
    numbers = np.fromiter(map(pieces.__getitem__, all_pieces), np.int64, len(all_pieces))
    rows = [[], *map(split_words, itertools.islice(pieces, 1, None))]
    words = list(itertools.chain.from_iterable(rows))
    lengths = np.cumsum([0, *map(len, rows)])
    # A word's place among those of all different pieces stands for it.
    different = TokenTable(np.arange(len(words), dtype=np.int32), lengths)
    read = different.gather(numbers)
    ends = read.starts[1:][numbers == 0]
    found = np.array([ids.get(word, -1) for word in words], np.int32)[read.ids]
    places = np.flatnonzero(found < 0)
    others = [words[place] for place in read.ids[places].tolist()]
    return Found(found, np.concatenate([[0], ends]), places, others)


class _Numbers(dict[str, int]):
    """Numbers what is looked up, in the order in which it came."""

    def __missing__(self, piece: str) -> int:
        self[piece] = number = len(self)
        return number
