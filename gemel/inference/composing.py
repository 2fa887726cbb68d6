"""Vectors of words that are not in the vocabulary, by their spelling."""

import numpy as np
from jaxtyping import Float32

from gemel.compiled import find_library
from gemel.text import TokenTable

_NGRAMS = 65_536
"""N-grams whose vectors are there at one time."""


def compose(
    ngrams: Float32[np.ndarray, "buckets depth"], spelled: TokenTable
) -> Float32[np.ndarray, "words depth"]:
    """Sum the n-grams of each word, over the root of their number."""
    library = find_library()
    if library is None:
        vectors = _sum_rows(ngrams, spelled)
    else:
        vectors = np.zeros((len(spelled), ngrams.shape[1]), np.float32)
        sizes = len(spelled), ngrams.shape[1]
        library.call("gemel_sum_rows", sizes, ngrams, spelled.ids, spelled.starts, vectors)
    vectors /= np.sqrt(spelled.lengths).astype(np.float32)[:, None]
    return vectors


def _sum_rows(
    ngrams: Float32[np.ndarray, "buckets depth"], spelled: TokenTable
) -> Float32[np.ndarray, "words depth"]:
    vectors = np.empty((len(spelled), ngrams.shape[1]), np.float32)
    starts = spelled.starts
    word = 0
    while word < len(spelled):
        end = int(np.searchsorted(starts, starts[word] + _NGRAMS, side="right")) - 1
        rows = spelled.ids[starts[word] : starts[max(end, word + 1)]]
        if end > word:
            np.add.reduceat(ngrams[rows], starts[word:end] - starts[word], out=vectors[word:end])
        else:  # an endless word: by their counts, so that memory has an end
            end = word + 1
            counts = np.bincount(rows, minlength=len(ngrams)).astype(np.float32)
            vectors[word] = counts @ ngrams
        word = end
    return vectors
