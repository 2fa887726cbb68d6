import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import token_table as subwords
from gemel.text.token_table import ngram_ids, spell_words


def slow_ngrams(word):
    letters = "<" + word + ">"
    found = []
    for length in (3, 4, 5):
        for start in range(len(letters)):
            if start + length <= len(letters):
                found.append(letters[start : start + length])
    return found


@given(st.text(min_size=1, max_size=20), st.integers(1, 1000))
def test_every_ngram_has_its_row(word, buckets):
    expected = [zlib.crc32(gram.encode("utf-8", "surrogatepass")) for gram in slow_ngrams(word)]
    assert ngram_ids(word, buckets) == [code % buckets for code in expected]


@given(st.text(min_size=1, max_size=50))
def test_every_word_has_one(word):
    assert ngram_ids(word, 7)


def test_rows_are_the_same_on_every_machine():
    assert ngram_ids("old", 16384) == [8189, 5349, 6238, 5618, 14597, 1155]


def test_a_typo_shares_rows_with_the_word_it_was():
    def shared(one, other):
        return len(set(ngram_ids(one, 2**20)) & set(ngram_ids(other, 2**20)))

    assert shared("pasword", "password") > 5 > shared("payment", "password")


@pytest.mark.parametrize("compiled", [True, False])
@given(words=st.lists(st.text(min_size=1, max_size=20), max_size=5), buckets=st.integers(1, 1000))
def test_many_words_are_spelled_as_each_of_them(compiled, words, buckets):
    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(subwords, "find_library", lambda: None)
        table = spell_words(words, buckets)
    rows = [table.ids[a:b] for a, b in zip(table.starts[:-1], table.starts[1:], strict=True)]
    assert [row.tolist() for row in rows] == [ngram_ids(word, buckets) for word in words]
