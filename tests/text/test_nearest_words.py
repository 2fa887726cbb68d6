import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import Rules, Tokenizer, edit_once
from gemel.text.typos import NearestWords, is_one_letter_off

few_letters = st.text("abcä", min_size=1, max_size=7)


def one_letter_off(word: str, letters: str) -> set[str]:
    """All words one letter off, made one by one."""
    made = set()
    for place in range(len(word) + 1):
        start, end = word[:place], word[place:]
        made |= {start + letter + end for letter in letters}
        if end:
            made.add(start + end[1:])
            made |= {start + letter + end[1:] for letter in letters}
        if len(end) > 1:
            made.add(start + end[1] + end[0] + end[2:])
    return made - {word}


@given(few_letters, few_letters)
def test_one_letter_off_is_what_one_edit_makes(one, other):
    assert is_one_letter_off(one, other) == (other in one_letter_off(one, "abcä"))
    assert is_one_letter_off(one, other) == is_one_letter_off(other, one)


@given(st.lists(few_letters, max_size=30), st.lists(few_letters, max_size=10))
def test_it_finds_the_first_known_word_one_letter_off(known, asked):
    expected = [
        next(
            (n for n, word in enumerate(known) if len(word) > 2 and is_one_letter_off(ask, word)),
            -1,
        )
        if len(ask) > 3
        else -1
        for ask in asked
    ]
    assert NearestWords(known).find(asked).tolist() == expected


@given(st.text(string.ascii_lowercase, min_size=6, max_size=70), st.integers(0, 2**32))
def test_a_slip_of_a_long_word_leads_back(word, seed):
    slip = edit_once(word, np.random.default_rng(seed))
    if slip == word:
        return
    found = NearestWords(["other", word]).find([slip])[0]
    assert found == (1 if max(len(slip), len(word)) <= 64 else found)


@pytest.mark.parametrize("word", ["ios", "b2bx", "co-op", "x" * 65, "", "résumé2"])
def test_what_is_short_endless_or_no_word_stays(word):
    assert NearestWords([word + "s", "bios", "x" * 64]).find([word]).tolist() == [-1]


@pytest.fixture
def tokenizer():
    texts = ["reset my password", "password account", "accounts"]
    return Tokenizer(rules=Rules(ngram_buckets=1000, nearest=True)).learn(texts)


def test_slips_are_read_as_the_most_frequent_word_and_the_rest_is_spelled(tokenizer):
    vocabulary = tokenizer.vocabulary
    table = tokenizer.encode_all(["pasword acount zzz", "zzz yyy rsset"])
    rows = [table.ids[a:b].tolist() for a, b in zip(table.starts, table.starts[1:], strict=False)]
    known = len(vocabulary)
    assert rows == [
        [vocabulary["password"], vocabulary["account"], known + 1],
        [known + 1, known, vocabulary["reset"]],
    ]
    spelled = tokenizer.spell(["yyy", "zzz"])
    assert table.spellings.ids.tolist() == spelled.ids.tolist()
    assert table.spellings.starts.tolist() == spelled.starts.tolist()


def test_without_spelling_the_rest_is_unknown():
    tokenizer = Tokenizer(rules=Rules(nearest=True)).learn(["reset my password"])
    table = tokenizer.encode_all(["zzzz paswword", "my"])
    assert table.ids.tolist() == [0, tokenizer.vocabulary["password"], tokenizer.vocabulary["my"]]
    assert table.spellings is None


def test_a_tokenizer_that_learns_more_knows_more_slips(tokenizer):
    assert tokenizer.read_as(["browsr"]).tolist() == [0]
    more = tokenizer.learn(["the browser"])
    assert more.read_as(["browsr"]).tolist() == [more.vocabulary["browser"]]
    assert Tokenizer(more.vocabulary).read_as(["browsr"]).tolist() == [0]
