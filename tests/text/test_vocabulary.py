from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.errors import DataError
from gemel.text import TOKENS, UNKNOWN_TOKEN, Vocabulary

words = st.sampled_from(["how", "old", "are", "you", "?", "<UNK>", "<PAD>"]) | st.text(max_size=3)
questions = st.lists(st.lists(words, max_size=6), max_size=8)


def learn(asked, min_count=1):
    return Vocabulary().grown(Counter(word for words in asked for word in words), min_count)


@given(questions, st.integers(1, 3))
def test_ids_have_no_gaps_and_begin_with_the_special_ones(asked, min_count):
    vocabulary = learn(asked, min_count)
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert vocabulary[UNKNOWN_TOKEN] == TOKENS.unknown == 0
    assert vocabulary[TOKENS.padding_token] == TOKENS.padding == 1


@given(questions, st.integers(1, 3))
def test_it_knows_the_words_that_were_seen_often_enough(asked, min_count):
    counts = Counter(word for question in asked for word in question)
    expected = {word for word, count in counts.items() if count >= min_count}
    vocabulary = learn(asked, min_count)
    assert set(vocabulary) == expected | {UNKNOWN_TOKEN, TOKENS.padding_token}
    in_order = [counts[word] for word in vocabulary.words]
    assert in_order == sorted(in_order, reverse=True)


@given(questions, st.randoms(use_true_random=False))
def test_the_order_of_questions_makes_no_difference(asked, random):
    shuffled = random.sample(asked, len(asked))
    assert learn(asked).words == learn(shuffled).words


@given(questions, st.lists(words))
def test_asking_adds_nothing(asked, new):
    vocabulary = learn(asked)
    before = dict(vocabulary)
    expected = [before.get(word, 0) for word in new]
    assert vocabulary.ids(new) == expected == vocabulary.ids(new)
    assert [vocabulary.get(word, 0) for word in new] == expected
    assert dict(vocabulary) == before


def test_an_unknown_word_is_a_key_error():
    vocabulary = Vocabulary(["how"])
    with pytest.raises(KeyError, match="old"):
        vocabulary["old"]
    assert "old" not in vocabulary
    assert len(vocabulary) == 3


@given(questions)
def test_words_rebuild_it(asked):
    vocabulary = learn(asked)
    assert dict(Vocabulary(vocabulary.words)) == dict(vocabulary)


@given(questions, questions)
def test_growing_keeps_every_id(asked, more):
    before = learn(asked)
    after = before.grown(Counter(word for words in more for word in words))
    assert list(after)[: len(before)] == list(before)
    assert set(after) == set(before) | set(learn(more))


@pytest.mark.parametrize("twice", ["how", "<UNK>", "<PAD>"])
def test_a_word_occurs_once(twice):
    with pytest.raises(DataError, match=f"every word once, but '{twice}' is repeated"):
        Vocabulary(["old", "how", twice])
