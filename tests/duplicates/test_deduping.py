import dataclasses

import numpy as np
import pytest

from gemel.duplicates.pipeline import find_duplicates
from gemel.errors import ConfigError
from gemel.inference import Engine
from gemel.text import Rules, Tokenizer

TEXTS = [
    "How old are you?",
    "What is your age?",
    "How  old are you?",
    "Why is the sky blue?",
    "How old are you?",
    "",
    "  ",
]


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model)


def find(engine, texts=TEXTS, **options):
    return find_duplicates(engine, [f"q{n}" for n in range(len(texts))], texts, **options)


def test_copies_are_one_question_and_blanks_are_like_each_other_alone(engine):
    found = find(engine, probability=1.0, floor=0.999)
    assert [[member.id for member in group.members] for group in found.groups] == [
        ["q0", "q2", "q4"],
        ["q5", "q6"],
    ]
    assert found.exact == 3
    assert found.kept == ["q0", "q1", "q3", "q5"]


def test_scores_are_those_of_the_engine(engine):
    texts = [f"how old are {number} people in {number % 3} rooms" for number in range(20)]
    found = find(engine, texts, probability=0.5, floor=-1.0)
    pairs = found.pairs
    _, first = np.unique(found.copies, return_index=True)
    texts = [texts[row] for row in first.tolist()]
    assert len(pairs) == len(texts) * (len(texts) - 1) / 2
    left, right = ([texts[row] for row in side.tolist()] for side in (pairs.left, pairs.right))
    np.testing.assert_allclose(pairs.similarity, engine.similarity(left, right), atol=3e-3)
    np.testing.assert_allclose(pairs.cosine, engine.cosine(left, right), atol=3e-3)
    verdicts = engine.model.decision.verdicts(pairs.similarity)
    np.testing.assert_allclose(
        pairs.probability, [each.probability for each in verdicts], atol=1e-6
    )


def test_threads_and_batches_make_no_difference(engine, monkeypatch):
    from gemel.duplicates import pipeline as scoring

    texts = [f"how old are {number} people" for number in range(20)]
    expected = find(engine, texts, floor=-1.0).pairs
    assert len(expected) > 50
    monkeypatch.setattr(scoring, "_BATCH", 7)
    told = []
    found = find(engine, texts, floor=-1.0, threads=3, progress=lambda *each: told.append(each))
    np.testing.assert_allclose(found.pairs.similarity, expected.similarity, atol=1e-6)
    assert told[-1] == ("judging pairs", len(expected), len(expected))


def test_what_the_model_cannot_distinguish_is_one_question(tiny_model):
    texts = ["zzz?", "How old are you?", "qqq?", "How old are you?"]
    words = Rules(ngram_buckets=0)  # to it all unknown words are one
    plain = dataclasses.replace(
        tiny_model,
        tokenizer=Tokenizer(tiny_model.tokenizer.vocabulary, words),
        weights={name: a for name, a in tiny_model.weights.items() if name != "ngrams.weight"},
        config=tiny_model.config.replace(["text.ngram_buckets=0"]),
    )
    found = find(Engine(plain), texts, probability=1.0)
    assert found.copies.tolist() == [0, 1, 0, 1]
    assert (found.exact, len(found.pairs)) == (1, 0)
    assert [len(group) for group in found.groups] == [2, 2]


def test_nonsense_is_refused_before_the_work(engine, monkeypatch):
    monkeypatch.setattr(Engine, "encode", lambda *_, **__: pytest.fail("too late"))
    with pytest.raises(ConfigError, match="probability"):
        find(engine, probability=0.0)
    with pytest.raises(ConfigError, match="linkage"):
        find(engine, linkage="single")
    with pytest.raises(ValueError, match="1 ids, but 2 questions"):
        find_duplicates(engine, ["a"], ["b", "c"])


@pytest.mark.parametrize("texts", [[], ["one question?"]])
def test_few_questions(engine, texts):
    found = find(engine, texts)
    assert (found.groups, found.kept) == ((), [f"q{n}" for n in range(len(texts))])
