"""Texts to token ids, in compiled code or in Python."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64

from gemel.compiled import Library
from gemel.text.normalization import with_final_mark
from gemel.text.token_table import TokenTable, starts_of, writable_bytes
from gemel.text.vocabulary import TOKENS, Vocabulary
from gemel.text.words import split_words


@dataclass(frozen=True, eq=False)
class WordIds:
    """The words of texts, and their places in a list of words."""

    numbers: Int32[np.ndarray, "words"]
    """Index of each word in the list; -1: not in it."""
    starts: Int64[np.ndarray, "texts_and_1"]
    """First word of each text."""
    places: Int64[np.ndarray, "others"]
    """Words that are not in the list."""
    others: list[str]
    """Their texts."""


_BETWEEN = "\n"
"""A piece that no normalised text has; its number is 0."""


def find_words(texts: Sequence[str], ids: Mapping[str, int]) -> WordIds:
    """Find the words of normalised texts; pieces between spaces are split and looked up once."""
    if not texts:
        nothing = np.zeros(0, np.int64)
        return WordIds(np.zeros(0, np.int32), np.zeros(1, np.int64), nothing, [])
    pieces = _Numbers({_BETWEEN: 0})
    all_pieces = f" {_BETWEEN} ".join([*texts, ""]).split(" ")
    numbers = np.fromiter(map(pieces.__getitem__, all_pieces), np.int64, len(all_pieces))
    rows = [[], *map(split_words, itertools.islice(pieces, 1, None))]
    words = list(itertools.chain.from_iterable(rows))
    lengths = np.cumsum([0, *map(len, rows)])
    # A word's place among those of all different pieces represents it.
    different = TokenTable(np.arange(len(words), dtype=np.int32), lengths)
    read = different.gather(numbers)
    ends = read.starts[1:][numbers == 0]
    found = np.array([ids.get(word, -1) for word in words], np.int32)[read.ids]
    places = np.flatnonzero(found < 0)
    others = [words[place] for place in read.ids[places].tolist()]
    return WordIds(found, np.concatenate([[0], ends]), places, others)


class _Numbers(dict[str, int]):
    """Numbers keys in order of lookup."""

    def __missing__(self, piece: str) -> int:
        self[piece] = number = len(self)
        return number


class Scanner:
    """Normalises ASCII texts, splits them into words, and looks these up among distinct words."""

    def __init__(
        self, words: Sequence[str], library: Library, *, lowercase: bool, final_mark: bool = False
    ):
        self.library = library
        self.lowercase = lowercase
        self.final_mark = final_mark
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        self._words = writable_bytes(b"".join(encoded))
        self._starts = starts_of(list(map(len, encoded)))
        self._slots = np.zeros(1 << (2 * len(words)).bit_length(), np.uint64)
        sizes = len(words), len(self._slots)
        library.call("gemel_list_words", sizes, self._words, self._starts, self._slots)

    def __call__(self, texts: Sequence[str]) -> WordIds:
        """Find the words of ASCII texts."""
        if self.final_mark:
            texts = list(map(with_final_mark, texts))
        text = writable_bytes("".join(texts).encode("ascii"))
        numbers = np.empty(len(text), np.int32)
        starts = np.empty(len(texts) + 1, np.int64)
        places, ends = np.empty(len(text), np.int64), np.empty((len(text), 2), np.int64)
        sizes = len(texts), self.lowercase, len(self._slots)
        given = text, starts_of(list(map(len, texts))), self._words, self._starts, self._slots
        unknown = self.library.call("gemel_scan", sizes, *given, numbers, starts, places, ends)
        clean = text.tobytes().decode("ascii") if unknown else ""
        words = [clean[begin:end] for begin, end in ends[:unknown].tolist()]
        return WordIds(numbers[: starts[-1]], starts, places[:unknown], words)


@dataclass(eq=False)
class Reader:
    """Converts texts to ids: ASCII texts in compiled code if available, others in Python.

    All tables of a reader number unknown words alike.
    """

    vocabulary: Vocabulary
    clean: Callable[[str], str]
    """Normalises texts."""
    scanner: Scanner | None
    """Compiled equivalent for ASCII texts."""
    read_as: Callable[[Sequence[str]], Int32[np.ndarray, "words"]]
    """Returns the known words that unknown ones are read as, or 0."""
    spell: Callable[[Sequence[str]], TokenTable] | None
    """Returns n-grams of words; without it all unknown words are one."""

    def __post_init__(self) -> None:
        self._new: dict[str, int] = {}
        self._spellings = TokenTable.from_rows([]) if self.spell else None

    def table(self, texts: Sequence[str]) -> TokenTable:
        """Return the ids of texts; a text without words is one unknown word."""
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

    def _find(self, texts: Sequence[str]) -> WordIds:
        return find_words([self.clean(text) for text in texts], self.vocabulary)

    def _add(self, words: Iterable[str]) -> None:
        """Add words that are not in the vocabulary."""
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

    def _rows(self, found: WordIds) -> TokenTable:
        """Return the ids of words."""
        ids, starts = found.numbers, found.starts
        ids[found.places] = [self._new[word] for word in found.others]
        empty = np.diff(starts) == 0
        if empty.any():
            ids = np.insert(ids, starts[:-1][empty], TOKENS.unknown)
            starts = starts + np.concatenate([[0], np.cumsum(empty)])
        return TokenTable(ids, starts)
