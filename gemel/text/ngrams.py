"""Character n-grams of words, as hashed rows of a table."""

import zlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, UInt8

from gemel.compiled import Library, find_library
from gemel.text.token_table import TokenTable


def writable_bytes(content: bytes) -> UInt8[np.ndarray, "bytes"]:
    """Return bytes as a writable array."""
    return np.frombuffer(bytearray(content), np.uint8)


def starts_of(lengths: Sequence[int]) -> Int64[np.ndarray, "texts_and_1"]:
    """Return the start of each item, and the end of the last."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


_SHORTEST, _LONGEST = 3, 5


def ngram_ids(word: str, buckets: int) -> list[int]:
    """Return the table rows of a word's 3- to 5-grams, with marked ends; at least one.

    Args:
        word: a word of `split_words`.
        buckets: rows of the table (by CRC-32 of the n-gram).

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
    return _spell_compiled(words, buckets, library)


def _spell_compiled(words: Sequence[str], buckets: int, library: Library) -> TokenTable:
    marked = [f"<{word}>".encode("utf-8", "surrogatepass") for word in words]
    text = writable_bytes(b"".join(marked))
    ids = np.empty(3 * len(text), np.int32)
    starts = np.zeros(len(words) + 1, np.int64)
    library.call(
        "gemel_spell", (len(words), buckets), text, starts_of(list(map(len, marked))), ids, starts
    )
    return TokenTable(ids[: starts[-1]].copy(), starts)
