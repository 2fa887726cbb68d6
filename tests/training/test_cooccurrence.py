import collections
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TokenTable
from gemel.training import initial_network as cooccurrence
from gemel.training.initial_network import word_vectors


def weights_one_by_one(rows, words):
    """Positive pointwise mutual information with plain loops."""
    counts = collections.Counter()
    for row in rows:
        for place, word in enumerate(row):
            for other in range(max(0, place - 5), min(len(row), place + 6)):
                pair = (word, row[other])
                if other != place and all(1 < index < words for index in pair):
                    counts[pair] += (6 - abs(other - place)) / 5
    seen = collections.Counter()
    for (word, _), count in counts.items():
        seen[word] += count
    smooth = {word: count**0.75 for word, count in seen.items()}
    matrix = np.zeros((words, words))
    for (word, company), count in counts.items():
        chance = seen[word] * smooth[company] / sum(smooth.values())
        matrix[word, company] = max(0.0, math.log(count / chance))
    return matrix


@given(
    st.lists(st.lists(st.integers(0, 13), min_size=1, max_size=9), min_size=1, max_size=12),
    st.integers(1, 40),
)
def test_the_vectors_are_the_strongest_directions_of_mutual_information(rows, chunk):
    """With space for all directions nothing is lost: vectors give back the matrix times itself."""
    words = 12
    matrix = weights_one_by_one(rows, words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cooccurrence, "_TOKENS_AT_ONCE", chunk)
        vectors = word_vectors(TokenTable.from_rows(rows), words, words)
    assert vectors.shape == (words, words)
    alone = np.abs(matrix).sum(axis=1) == 0
    assert not vectors[alone].any()
    lengths = np.linalg.norm(vectors[~alone], axis=1)
    # Its own inverse weights: of M = U S V', the vectors are U * sqrt(S), so their products are
    # the square root of M M'.
    values, directions = np.linalg.eigh(matrix @ matrix.T)
    root = directions * np.sqrt(np.sqrt(values.clip(0))) @ directions.T
    expected = root @ root
    norms = np.sqrt(np.diag(expected).clip(1e-30))
    cosines = (expected / norms[:, None] / norms)[~alone][:, ~alone]
    usable = norms[~alone] > 0.01
    np.testing.assert_allclose(lengths[usable], 1, atol=1e-4)
    near = (vectors @ vectors.T)[~alone][:, ~alone][usable][:, usable]
    np.testing.assert_allclose(near, cosines[usable][:, usable], atol=5e-3)


def test_words_that_keep_the_same_company_are_close():
    random = np.random.default_rng(0)
    towns, dishes, about, recipe = range(2, 8), range(8, 14), range(14, 18), range(18, 22)
    rows = []
    for _ in range(4000):
        topic, around = [(towns, about), (dishes, recipe)][int(random.integers(2))]
        rows.append([int(random.choice(of)) for of in (around, around, topic, around)])
    vectors = word_vectors(TokenTable.from_rows(rows), 22, 4, seed=3)
    near = vectors @ vectors.T
    among = near[np.ix_(towns, towns)].min(), near[np.ix_(dishes, dishes)].min()
    assert min(among) > near[np.ix_(towns, dishes)].max() + 0.5
    again = word_vectors(TokenTable.from_rows(rows), 22, 4, seed=3)
    assert (vectors == again).all()


def test_fewer_words_than_numbers_leave_the_rest_empty():
    vectors = word_vectors(TokenTable.from_rows([[2, 3], [3, 2]]), 4, 10)
    assert vectors.shape == (4, 10)
    assert not vectors[:, 4:].any()
    assert not word_vectors(TokenTable.from_rows([[2], [0]]), 4, 3).any()
