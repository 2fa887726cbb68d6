"""From texts to ids, many at a time."""

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Int32

from gemel.text.found import Found
from gemel.text.pieces import find_words
from gemel.text.scanner import Scanner
from gemel.text.token_table import TokenTable
from gemel.text.tokens import TOKENS
from gemel.text.vocabulary import Vocabulary


class Reader:
    """Reads texts: plain ones compiled, where that can be had, and all others in Python.

    All tables of a reader number the words that the vocabulary does not have alike.

    Args:
        vocabulary: the words that have an id.
        clean: makes texts that look alike the same.
        scanner: does both for plain texts, and finds the same.
        read_as: gives the id of the known word that each other one is read as, or 0.
        spell: gives the n-grams of words; without it, words that are not known are all one.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        clean: Callable[[str], str],
        scanner: Scanner | None,
        read_as: Callable[[Sequence[str]], Int32[np.ndarray, "words"]],
        spell: Callable[[Sequence[str]], TokenTable] | None,
    ):
        self.vocabulary = vocabulary
        self.clean = clean
        self.scanner = scanner
        self.read_as = read_as
        self.spell = spell
        self._new: dict[str, int] = {}
        self._spellings = TokenTable.from_rows([]) if spell else None

    def table(self, texts: Sequence[str]) -> TokenTable:
        """Give the ids of texts; one without a word is one unknown word."""
        if self.scanner is None:
            found = [self._find(texts)]
        else:
            plain = [text for text in texts if text.isascii()]
            found = [self.scanner(plain)]
            if len(plain) < len(texts):
                found.append(self._find([text for text in texts if not text.isascii()]))
        self._add(dict.fromkeys(itertools.chain.from_iterable(each.others for each in found)))
        table, *others = map(self._rows, found)
        for other in others:
            # One after the other they are there; now in order.
            is_plain = np.fromiter(map(str.isascii, texts), bool, len(texts))
            order = np.where(is_plain, is_plain.cumsum(), len(table) + (~is_plain).cumsum()) - 1
            table = table.joined(other).gather(order)
        return TokenTable(table.ids, table.starts, len(self.vocabulary), self._spellings)

    def _find(self, texts: Sequence[str]) -> Found:
        return find_words([self.clean(text) for text in texts], self.vocabulary)

    def _add(self, words: Iterable[str]) -> None:
        """Say what becomes of words that are not in the vocabulary, in whatever order they come."""
        new = sorted(word for word in words if word not in self._new)
        if not new:
            return
        found = dict(zip(new, self.read_as(new).tolist(), strict=True))
        self._new.update(found)
        if self.spell is None or self._spellings is None:
            return
        left = [word for word, number in found.items() if number == TOKENS.unknown]
        self._new.update(zip(left, itertools.count(len(self.vocabulary) + len(self._spellings))))
        self._spellings = self._spellings.joined(self.spell(left))

    def _rows(self, found: Found) -> TokenTable:
        """Give every word its id."""
        ids, starts = found.numbers, found.starts
        ids[found.places] = [self._new[word] for word in found.others]
        empty = np.diff(starts) == 0
        if empty.any():
            ids = np.insert(ids, starts[:-1][empty], TOKENS.unknown)
            starts = starts + np.concatenate([[0], np.cumsum(empty)])
        return TokenTable(ids, starts)
