"""The spelling of a word: its character n-grams, each a row of a table by hash."""

import zlib

__all__ = ["ngram_ids"]

_SHORTEST, _LONGEST = 3, 5


def ngram_ids(word: str, buckets: int) -> list[int]:
    """Give the table rows of a word's n-grams of 3 to 5 characters, its two ends marked.

    Words that share letters share rows; every word has at least one.

    Args:
        word: a word as `split_words` gives it.
        buckets: rows of the table, 0 to buckets - 1 (by CRC-32 of the n-gram).

    Source: Bojanowski et al., "Enriching word vectors with subword information" (2017).
    """
    letters = f"<{word}>"
    return [
        zlib.crc32(letters[start : start + length].encode("utf-8", "surrogatepass")) % buckets
        for length in range(_SHORTEST, min(_LONGEST, len(letters)) + 1)
        for start in range(len(letters) - length + 1)
    ]
