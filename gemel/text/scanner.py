"""Plain text to numbers of words, compiled."""

from collections.abc import Sequence

import numpy as np

from gemel.compiled import Library
from gemel.text.flat import starts_of, writable_bytes
from gemel.text.found import Found
from gemel.text.normalization import with_final_mark


class Scanner:
    """Cleans plain texts, cuts them into words, and looks these up in a list.

    Args:
        words: the list; each stands there once.
        library: what was compiled.
        lowercase: whether case is dropped; see `clean`.
        final_mark: whether a question without one gets a question mark; see `with_final_mark`.
    """

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
        library.call(
            "gemel_list_words",
            (len(words), len(self._slots)),
            self._words,
            self._starts,
            self._slots,
        )

    def __call__(self, texts: Sequence[str]) -> Found:
        """Find the words of texts that have ASCII characters only."""
        if self.final_mark:
            texts = list(map(with_final_mark, texts))
        text = writable_bytes("".join(texts).encode("ascii"))
        numbers = np.empty(len(text), np.int32)
        starts = np.empty(len(texts) + 1, np.int64)
        places, ends = np.empty(len(text), np.int64), np.empty((len(text), 2), np.int64)
        unknown = self.library.call(
            "gemel_scan",
            (len(texts), self.lowercase, len(self._slots)),
            text,
            starts_of(list(map(len, texts))),
            self._words,
            self._starts,
            self._slots,
            numbers,
            starts,
            places,
            ends,
        )
        clean = text.tobytes().decode("ascii") if unknown else ""
        words = [clean[begin:end] for begin, end in ends[:unknown].tolist()]
        return Found(numbers[: starts[-1]], starts, places[:unknown], words)
