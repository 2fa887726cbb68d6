"""Rows of token ids, and of character n-grams of words, in one flat array."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Int32, Int64, UInt8

from gemel.compiled import find_library
from gemel.text.vocabulary import TOKENS

_SHORTEST, _LONGEST = 3, 5


def next_power_of_two(length: int) -> int:
    """Return the smallest power of two of at least `length`, which is positive."""
    return 1 << (length - 1).bit_length()


@dataclass(eq=False, repr=False)
class TokenTable:
    """Token ids of many questions, concatenated."""

    ids: Int32[np.ndarray, "tokens"]
    starts: Int64[np.ndarray, "rows_and_1"]
    """Start of each row, and the end."""
    known: int = 0
    """First id without a vector of its own."""
    spellings: "TokenTable | None" = None
    """N-grams of those ids: row k of id `known` + k."""

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[int]]) -> "TokenTable":
        """Make a table from rows of ids."""
        flat: list[int] = []
        starts = [0]
        for row in rows:
            flat.extend(row)
            starts.append(len(flat))
        return cls(np.array(flat, np.int32), np.array(starts, np.int64))

    @property
    def lengths(self) -> Int64[np.ndarray, "rows"]:
        """Number of tokens of each row."""
        return np.diff(self.starts)

    def lengths_of(self, rows: Int[np.ndarray, "..."]) -> Int64[np.ndarray, "..."]:
        """Return the lengths of some rows."""
        lengths: Int64[np.ndarray, "..."] = self.starts[rows + 1] - self.starts[rows]
        return lengths

    def __len__(self) -> int:
        return len(self.starts) - 1

    def joined(self, other: "TokenTable") -> "TokenTable":
        """Append another table's rows."""
        starts = np.concatenate([self.starts, other.starts[1:] + self.starts[-1]])
        return TokenTable(np.concatenate([self.ids, other.ids]), starts)

    def part(self, start: int, end: int) -> "TokenTable":
        """Return a range of rows, sharing memory."""
        starts = self.starts[start : end + 1]
        ids = self.ids[starts[0] : starts[-1]]
        return TokenTable(ids, starts - starts[0], self.known, self.spellings)

    def turned_round(self) -> "TokenTable":
        """Return the rows with reversed tokens."""
        ends = np.repeat(self.starts[:-1] + self.starts[1:] - 1, self.lengths)
        ids = self.ids[ends - np.arange(len(self.ids))]
        return TokenTable(ids, self.starts, self.known, self.spellings)

    def gather(self, rows: Int[np.ndarray, "chosen"]) -> "TokenTable":
        """Copy some rows."""
        lengths = self.lengths_of(rows)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return TokenTable(self.ids[places], starts, self.known, self.spellings)

    def pad(
        self,
        rows: Int[np.ndarray, "batch"],
        width: int | None = None,
        padding: int = TOKENS.padding,
    ) -> Int64[np.ndarray, "batch time"]:
        """Return rows as a matrix, padded to `width` or to the longest row."""
        starts: Any = self.starts[rows]
        lengths: Any = self.lengths_of(rows)
        longest = int(lengths.max(initial=0))
        width = longest if width is None else width
        if longest > width:
            raise ValueError(f"a row of {longest} tokens does not fit into a width of {width}")
        places = np.arange(width)
        words = places < lengths[:, None]
        batch = np.full((len(rows), width), padding, dtype=np.int64)
        batch[words] = self.ids[(starts[:, None] + places)[words]]
        return batch

    def inputs(self, rows: Int[np.ndarray, "batch"]) -> tuple[Int64[np.ndarray, "..."], ...]:
        """Return an encoder's inputs for some rows: padded ids, and the arrays of `spell`."""
        ids = self.pad(rows)
        if self.spellings is None:
            return (ids,)
        return spell(ids, ids >= self.known, self.known, self.spellings, self.known)


def spell(
    ids: Int64[np.ndarray, "batch time"],
    spelled: Bool[np.ndarray, "batch time"],
    known: int,
    spellings: TokenTable,
    first: int = 0,
) -> tuple[Int64[np.ndarray, "..."], ...]:
    """Prepare the words `spelled` of a batch to be composed from n-grams; changes `ids`.

    Args:
        ids: padded ids.
        spelled: words to compose.
        known: number of ids with a vector of their own.
        spellings: n-grams of the ids from `first`, row by row.
        first: id of the first row.

    Returns:
        Ids, where `known` + k is the k-th composed word; the n-grams of all those words; and their
        starts, with the end.
    """
    words, places = np.unique(ids[spelled], return_inverse=True)
    ids[spelled] = known + places
    chosen = spellings.gather(words - first)
    return ids, chosen.ids.astype(np.int64), chosen.starts


def spell_all(
    ids: Int64[np.ndarray, "batch time"],
    without_row: Bool[np.ndarray, "batch time"],
    spellings: TokenTable,
) -> tuple[Int64[np.ndarray, "..."], ...]:
    """Prepare all words to be composed; those `without_row` have no vector of their own.

    Returns:
        Ids to look up (0 where there is none); index of each word's n-grams, from 1, 0 for padding;
        the n-grams; and their starts, with the end.
    """
    is_word = ids != TOKENS.padding
    words, numbers = np.unique(ids[is_word], return_inverse=True)
    places = np.zeros_like(ids)
    places[is_word] = numbers + 1
    chosen = spellings.gather(words)
    own = np.where(is_word & ~without_row, ids, TOKENS.unknown)
    return own, places, chosen.ids.astype(np.int64), chosen.starts


def writable_bytes(content: bytes) -> UInt8[np.ndarray, "bytes"]:
    """Return bytes as a writable array."""
    return np.frombuffer(bytearray(content), np.uint8)


def starts_of(lengths: Sequence[int]) -> Int64[np.ndarray, "texts_and_1"]:
    """Return the start of each item, and the end of the last."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def ngram_ids(word: str, buckets: int) -> list[int]:
    """Return the rows of a word's 3- to 5-grams, with marked ends, in a table with `buckets` rows.

    Source: Bojanowski et al., "Enriching word vectors with subword information" (2017).
    """
    letters = f"<{word}>"
    return [
        zlib.crc32(letters[start : start + length].encode("utf-8", "surrogatepass")) % buckets
        for length in range(_SHORTEST, min(_LONGEST, len(letters)) + 1)
        for start in range(len(letters) - length + 1)
    ]


def spell_words(words: Sequence[str], buckets: int) -> TokenTable:
    """Return the n-grams of many words, one row a word; see `ngram_ids`."""
    library = find_library()
    if library is None or buckets >= 1 << 31:
        return TokenTable.from_rows(ngram_ids(word, buckets) for word in words)
    marked = [f"<{word}>".encode("utf-8", "surrogatepass") for word in words]
    text = writable_bytes(b"".join(marked))
    ids = np.empty(3 * len(text), np.int32)
    starts = np.zeros(len(words) + 1, np.int64)
    library.call(
        "gemel_spell", (len(words), buckets), text, starts_of(list(map(len, marked))), ids, starts
    )
    return TokenTable(ids[: starts[-1]].copy(), starts)
