import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.errors import DataError
from gemel.inference import Engine
from gemel.inference.engine import explain_verdict
from gemel.text import Rules, Tokenizer

words = st.sampled_from(["how", "old", "are", "you", "?", "don't", "zebra", "안", "c++", "$5"])
questions = st.lists(words, min_size=1, max_size=6).map(" ".join)


@pytest.fixture(scope="module")
def engine(tiny_model):
    return Engine(tiny_model)


def slow_shares(engine, text, other):
    """One word after the other, each asked for by itself."""
    tokens = engine.model.tokenizer.words(text)
    whole = engine.predict(text, other).similarity
    for place, word in enumerate(tokens):
        rest = " ".join(tokens[:place] + tokens[place + 1 :])
        without = engine.predict(rest, other).similarity if rest else 0.0
        yield word, pytest.approx(whole - without, abs=2e-6)


@given(questions, questions | st.text(min_size=1, max_size=8))
@settings(max_examples=40)
def test_a_share_is_what_is_lost_without_the_word(engine, left, right):
    if engine.find_blank(left, right):
        with pytest.raises(DataError, match="the second question"):
            engine.explain(left, right)
        return
    explanation = engine.explain(left, right)
    assert explanation.verdict == engine.predict(left, right)
    for shares, text, other in ((explanation.left, left, right), (explanation.right, right, left)):
        found = [(each.word, each.share) for each in shares]
        assert found == list(slow_shares(engine, text, other))
    turned = engine.explain(right, left)
    assert (turned.left, turned.right) == (explanation.right, explanation.left)


def test_words_that_the_vocabulary_has_are_distinguished_from_others(engine):
    explanation = engine.explain("How old is a zebra?", "zebra")
    known = {each.word for each in explanation.left if each.is_known}
    assert known == {"how", "old", "is", "?"}
    assert [each.is_known for each in explanation.right] == [False]


def test_without_its_only_word_a_question_is_like_nothing(engine):
    explanation = engine.explain("old", "how old are you")
    assert explanation.left[0].share == explanation.verdict.similarity


@pytest.mark.parametrize("which", ["first", "second"])
def test_too_many_words_are_counted_and_refused(engine, which):
    most, more = "how " * 200, "how " * 201
    assert len(engine.explain(most, "old").left) == 200
    with pytest.raises(DataError, match=rf"the {which} question has 201 words and marks; up to 20"):
        engine.explain(*((more, "old") if which == "first" else ("old", more)))


def test_everything_is_scored_in_one_call(engine):
    asked = []

    def score(left, right):
        asked.append(len(left))
        return engine.similarity(left, right)

    verdict = engine.predict("how old", "are you ?")
    explain_verdict(verdict, ["how", "old"], ["are", "you", "?"], Tokenizer().vocabulary, score)
    assert asked == [5]


def test_what_is_left_is_not_repaired_again(tiny_model):
    """Without the first mark the others would look like a garbled letter."""
    vocabulary = tiny_model.tokenizer.vocabulary
    repairing = Tokenizer(vocabulary, Rules(lowercase=False, repair=True, ngram_buckets=11))
    text = "Ã..\u200ba:N:Ä"
    tokens = repairing.words(text)
    assert any(
        repairing.words(" ".join(tokens[:place] + tokens[place + 1 :]))
        != tokens[:place] + tokens[place + 1 :]
        for place in range(len(tokens))
    )
    plain = Tokenizer(vocabulary, Rules(lowercase=False, ngram_buckets=11))
    ours, theirs = (
        Engine(dataclasses.replace(tiny_model, tokenizer=tokenizer)).explain(*asked)
        for tokenizer, asked in ((repairing, (text, "how")), (plain, (" ".join(tokens), "how")))
    )
    assert ours == theirs
