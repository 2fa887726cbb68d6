import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TOKENS, Rules, Tokenizer, Vocabulary
from gemel.text.token_table import ngram_ids

texts = st.text() | st.lists(st.sampled_from(["how", "old", " ", "안", "?"])).map("".join)


def test_encode_gives_the_ids_of_cleaned_words():
    tokenizer = Tokenizer(Vocabulary(["how", "old", "?"]))
    assert tokenizer.encode("  HOW old is\u00a0it?") == [2, 3, TOKENS.unknown, TOKENS.unknown, 4]


def test_case_may_count():
    tokenizer = Tokenizer(rules=Rules(lowercase=False)).learn(["Who"])
    assert tokenizer.encode("Who") != tokenizer.encode("who") == [TOKENS.unknown]


def test_learning_leaves_rare_words_out():
    tokenizer = Tokenizer().learn(["How old?", "how new?"], min_count=2)
    assert set(tokenizer.vocabulary.words) == {"how", "?"}


@given(texts)
def test_a_text_is_never_empty_nor_padding(text):
    tokenizer = Tokenizer().learn([text, "<PAD> <UNK>"])
    ids = tokenizer.encode(text)
    assert ids
    assert TOKENS.padding not in ids


@pytest.mark.parametrize("text", ["", " \n", "\u3000"])
def test_a_text_without_words_is_one_unknown_word(text):
    assert Tokenizer().learn(["how old"]).encode(text) == [TOKENS.unknown]


@given(st.lists(texts, max_size=5))
def test_encode_all_is_encode_row_by_row(asked):
    tokenizer = Tokenizer().learn(asked[:2])
    table = tokenizer.encode_all(asked)
    rows = [table.ids[a:b].tolist() for a, b in zip(table.starts, table.starts[1:], strict=False)]
    assert rows == [tokenizer.encode(text) for text in asked]


@given(st.lists(texts, max_size=5), st.integers(1, 50))
def test_unknown_words_are_spelled(asked, buckets):
    tokenizer = Tokenizer(rules=Rules(ngram_buckets=buckets)).learn(asked[:2])
    known = len(tokenizer.vocabulary)
    table = tokenizer.encode_all(asked)
    assert (table.known, len(table)) == (known, len(asked))
    spelled = {}
    for text, a, b in zip(asked, table.starts, table.starts[1:], strict=False):
        words = tokenizer.words(text)
        ids = table.ids[a:b].tolist()
        assert len(ids) == max(1, len(words))
        for word, index in zip(words, ids, strict=False):
            if word in tokenizer.vocabulary:
                assert index == tokenizer.vocabulary[word]
            else:
                assert spelled.setdefault(word, index) == index >= known
    assert sorted(spelled.values()) == list(range(known, known + len(table.spellings)))
    for word, index in spelled.items():
        row = table.spellings.gather(np.array([index - known])).ids
        assert row.tolist() == ngram_ids(word, buckets)


@given(st.lists(texts, max_size=4), st.data())
def test_counts_stand_for_texts_that_stand_often(asked, data):
    counts = [data.draw(st.integers(1, 3)) for _ in asked]
    repeated = [text for text, count in zip(asked, counts, strict=True) for _ in range(count)]
    learned = Tokenizer().learn(asked, np.array(counts, int), min_count=2)
    assert learned.vocabulary.words == Tokenizer().learn(repeated, min_count=2).vocabulary.words


def test_learning_more_keeps_what_was_known():
    first = Tokenizer(rules=Rules(lowercase=False, ngram_buckets=3)).learn(["how old"])
    more = first.learn(["How old is it", "old it"])
    assert list(more.vocabulary)[: len(first.vocabulary)] == list(first.vocabulary)
    assert set(more.vocabulary.words) == {"how", "old", "How", "is", "it"}
    assert more.rules == first.rules


@given(st.text())
def test_a_question_without_a_mark_at_its_end_is_read_with_one_where_that_is_the_rule(text):
    plain, marked = Tokenizer(rules=Rules()), Tokenizer(rules=Rules(final_mark=True))
    cleaned = plain.clean(text)
    ends_plainly = cleaned[-1:].isalnum()
    assert marked.clean(text) == (f"{cleaned}?" if ends_plainly else cleaned)
    assert marked.clean(marked.clean(text)) == marked.clean(text)


def test_a_final_mark_makes_no_difference_where_that_is_the_rule():
    tokenizer = Tokenizer(rules=Rules(final_mark=True)).learn(["how old are you?"])
    asked = ["How old are you", "how old are you ?", "HOW OLD ARE YOU \x00", "how old are yo\u0075"]
    table = tokenizer.encode_all([*asked, "how old are you?"])
    rows = np.split(table.ids, table.starts[1:-1])
    assert all(row.tolist() == rows[-1].tolist() for row in rows)
    assert len(tokenizer.encode("how old are you!")) == len(rows[-1])
    assert tokenizer.encode("how old are you!") != rows[-1].tolist()
