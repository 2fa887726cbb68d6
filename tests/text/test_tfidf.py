import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from gemel.text import TfIdf, clean, split_words, tfidf
from gemel.text.token_table import ngram_ids

words = st.sampled_from(
    ["how", "How", "old", "olde", "are", "you", "you?", "a", "?", "age", "中文"]
)
texts = st.lists(words, max_size=8).map(" ".join) | st.text(max_size=20)
QUESTIONS = ["How old are you?", "What is your age?", "How are you?", "Why is the sky blue?", ""]


def ngrams(text):
    return [ngram for word in split_words(clean(text)) for ngram in ngram_ids(word, 2**20)]


def cosines_of_scikit_learn(learned, left, right):
    distinct = list(dict.fromkeys(map(clean, learned)))
    known = {ngram for text in (*learned, *left, *right) for ngram in ngrams(text)} | {-1}
    vectorizer = TfidfVectorizer(analyzer=ngrams, vocabulary=sorted(known), lowercase=False).fit(
        distinct
    )
    one, two = vectorizer.transform(left), vectorizer.transform(right)
    return np.asarray(one.multiply(two).sum(axis=1)).ravel()


@settings(max_examples=40)
@given(st.lists(texts, min_size=1), st.lists(st.tuples(texts, texts), min_size=1))
def test_cosines_are_those_of_scikit_learn(learned, pairs):
    left, right = map(list, zip(*pairs, strict=True))
    expected = cosines_of_scikit_learn(learned, left, right)
    neither = [not clean(one) and not clean(two) for one, two in pairs]
    found = TfIdf.learn(learned)(left, right)
    np.testing.assert_allclose(found, np.where(neither, 1.0, expected), rtol=0, atol=1e-9)


@settings(max_examples=40)
@given(st.lists(texts), st.lists(st.tuples(texts, texts)))
def test_cosines_are_symmetric_and_equal_questions_exactly_one(learned, pairs):
    score = TfIdf.learn(learned)
    left, right = [one for one, _ in pairs], [two for _, two in pairs]
    cosines = score(left, right)
    assert cosines.dtype == np.float64
    assert cosines.shape == (len(pairs),)
    assert ((cosines >= 0) & (cosines <= 1)).all()
    np.testing.assert_array_equal(cosines, score(right, left))
    np.testing.assert_array_equal(score(left, left), 1.0)
    np.testing.assert_array_equal(score(left, [f" {one}\n" for one in left]), 1.0)


@pytest.mark.parametrize(
    ("left", "right", "cosine"),
    [
        ("How old are you?", "you are old? How", 1.0),
        ("HOW OLD", "how  old", 1.0),
        ("how old", "why", 0.0),
        ("", "why", 0.0),
        ("why", " ", 0.0),
        ("", "\n", 1.0),
    ],
)
def test_what_two_questions_share(left, right, cosine):
    assert TfIdf.learn(QUESTIONS)([left], [right]).tolist() == [cosine]


def test_rare_words_weigh_more_and_new_ones_the_most():
    score = TfIdf.learn(["the sky", "the sea", "the age"])
    left = ["the sky"] * 3
    often, once, never = score([*left[:2], "the fox"], ["the sea", "sea sky", "sea fox"])
    assert often < once < never


def test_texts_alike_after_cleaning_count_once():
    once = TfIdf.learn(["how old", "why"])
    np.testing.assert_array_equal(TfIdf.learn(["How  old", "why", "how old", "Why "]).idf, once.idf)
    assert not np.array_equal(TfIdf.learn(["how old", "why", "how olds"]).idf, once.idf)


def test_the_size_of_the_blocks_makes_no_difference(monkeypatch):
    random = np.random.default_rng(0)
    left, right = (
        [" ".join(random.choice(QUESTIONS[0].split(), 5)) for _ in range(50)] for _ in range(2)
    )
    whole = TfIdf.learn(left)
    cosines = whole(left, right)
    for size in (1, 100, 1000):
        monkeypatch.setattr(tfidf, "_AT_ONCE", size)
        pieces = TfIdf.learn(left)
        np.testing.assert_array_equal(pieces.idf, whole.idf)
        np.testing.assert_array_equal(pieces(left, right), cosines)


def test_a_word_is_spelled_once(monkeypatch):
    spelled = []

    def spell(word, buckets):
        spelled.append(word)
        return ngram_ids(word, buckets)

    score = TfIdf.learn(QUESTIONS)
    monkeypatch.setattr(tfidf, "ngram_ids", spell)
    score(["how old", "how"] * 10, ["old how", "how old"] * 10)
    assert sorted(spelled) == ["how", "old"]


def test_sides_of_different_length_are_refused():
    with pytest.raises(ValueError, match="2 first questions, but 1 second ones"):
        TfIdf.learn(QUESTIONS)(["a", "b"], ["a"])
