import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.errors import ConfigError, FolderError
from gemel.folder import save_model
from gemel.inference import Engine
from gemel.text import Tokenizer, copy_key

words = st.sampled_from(
    ["how", "old", "are", "you", "?", "is", "your", "age", "sky", "zebra", "안"]
)
questions = st.lists(words, max_size=9).map(" ".join)


@pytest.fixture(scope="module")
def engine(tiny_model):
    return Engine(tiny_model)


@pytest.fixture(scope="module")
def wide_engine(tiny_model):
    """An engine whose products have space for rounding."""
    dim = 37
    random = np.random.default_rng(6)
    shapes = {
        "embedding.weight": (len(tiny_model.tokenizer.vocabulary), dim),
        "ngrams.weight": (tiny_model.tokenizer.rules.ngram_buckets, dim),
        "lstm.weight_ih": (4 * dim, dim),
        "lstm.weight_hh": (4 * dim, dim),
        "lstm.bias": (4 * dim,),
    }
    weights = {
        name: random.normal(scale=0.3, size=shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    return Engine(dataclasses.replace(tiny_model, weights=weights))


@pytest.fixture(scope="module")
def strict_engine(tiny_model):
    """An engine that calls nothing the same but the same."""
    decision = dataclasses.replace(tiny_model.decision, threshold=1.0, upper=1.0)
    return Engine(dataclasses.replace(tiny_model, decision=decision))


def test_a_loaded_engine_answers_as_before(engine, tiny_model, tmp_path):
    save_model(tiny_model, tmp_path / "model")
    asked = ["How old are you?", "What is your age?"]
    assert Engine.load(tmp_path / "model").predict(*asked) == engine.predict(*asked)
    with pytest.raises(FolderError, match="no such model folder"):
        Engine.load(tmp_path / "none")


@given(st.lists(questions, max_size=8))
@settings(max_examples=40)
def test_encode_keeps_the_order(engine, asked):
    vectors = engine.encode(asked)
    assert vectors.shape == (len(asked), 4)
    for text, vector in zip(asked, vectors, strict=True):
        np.testing.assert_allclose(engine.encode([text])[0], vector, atol=1e-6)


@given(st.lists(st.tuples(questions, questions), max_size=6))
@settings(max_examples=40)
def test_predict_all_is_predict_pair_by_pair(engine, pairs):
    verdicts = engine.predict_all([left for left, _ in pairs], [right for _, right in pairs])
    assert len(verdicts) == len(pairs)
    for (left, right), verdict in zip(pairs, verdicts, strict=True):
        single = engine.predict(left, right)
        assert verdict.similarity == pytest.approx(single.similarity, abs=1e-6)
        assert verdict.probability == pytest.approx(single.probability, abs=1e-5)


@given(questions | st.text(), questions)
def test_the_two_questions_may_change_places(engine, left, right):
    assert engine.predict(left, right) == engine.predict(right, left)


@given(st.lists(st.tuples(questions, questions), min_size=1, max_size=40), st.data())
@settings(max_examples=40)
def test_in_bulk_they_may_too(wide_engine, pairs, data):
    """Similarities are bit-identical, whichever of the pairs are turned."""
    turned = [pair[::-1] if data.draw(st.booleans()) else pair for pair in pairs]
    ours, theirs = (wide_engine.similarity(*zip(*each, strict=True)) for each in (pairs, turned))
    np.testing.assert_array_equal(ours, theirs)
    order = data.draw(st.permutations(range(len(pairs))))
    mixed = wide_engine.similarity(*zip(*(pairs[place] for place in order), strict=True))
    np.testing.assert_array_equal(mixed, ours[order])


@given(st.lists(st.tuples(questions, questions), min_size=1, max_size=40))
@settings(max_examples=20)
def test_a_verdict_in_bulk_is_that_of_the_pair_alone(wide_engine, pairs):
    together = wide_engine.similarity(*zip(*pairs, strict=True))
    alone = [wide_engine.predict(*pair).similarity for pair in pairs]
    # Other company changes the order of sums, and so the last bit, here and there of a bfloat16.
    atol = 1e-6 if wide_engine.backend.precision == "float32" else 1e-3
    np.testing.assert_allclose(together, alone, rtol=0, atol=atol)


@given(st.text() | questions)
def test_a_question_is_like_itself_whatever_its_case_and_spaces(strict_engine, text):
    for same in (text, f"  {strict_engine.model.tokenizer.clean(text)}\n"):
        for verdict in strict_engine.predict_all([text, "how", same], [same, "old", text])[::2]:
            assert verdict.similarity == 1
            assert verdict.is_duplicate
            assert verdict.answer == "the same"


@pytest.mark.parametrize(
    "copy",
    [
        "how old are you",
        "How old are you!",
        "\u201cHow old are you?\u201d",
        "How  old\u200b are you ?",
    ],
)
@pytest.mark.parametrize("slope", [-20.0, 0.0, 20.0])
def test_copies_are_the_same_by_every_decision(tiny_model, copy, slope):
    decision = dataclasses.replace(
        tiny_model.decision, lower=2.0, threshold=2.0, upper=2.0, slope=slope, intercept=-5.0
    )
    engine = Engine(dataclasses.replace(tiny_model, decision=decision))
    asked = "How old are you?"
    verdict, other = engine.predict_all([asked, asked], [copy, "How old is he?"])
    assert (verdict.answer, verdict.similarity, verdict.is_duplicate) == ("the same", 1, True)
    assert verdict.probability >= 0.99
    assert (other.answer, other.is_duplicate) == ("not the same", False)
    assert engine.explain(asked, copy).verdict == verdict
    vectors = engine.encode([asked, copy])
    assert engine.score(([asked], vectors[:1]), ([copy], vectors[1:])).tolist() == [1]


def test_what_is_no_copy_is_below_one(tiny_model):
    plain = dataclasses.replace(
        tiny_model.tokenizer.rules, normalization=1, lowercase=False, final_mark=True
    )
    tokenizer = Tokenizer(tiny_model.tokenizer.vocabulary, plain)
    engine = Engine(dataclasses.replace(tiny_model, tokenizer=tokenizer))
    asked, other = "what is 10\u2074", "what is 104"
    assert engine.cosine([asked], [other]).tolist() == [1]  # version 1 reads the two alike
    assert 0.999 < engine.similarity([asked], [other])[0] < 1
    assert engine.similarity(["What is C"], ["what is C++"])[0] < 1


@given(questions, questions)
def test_a_verdict_agrees_with_its_own_numbers(engine, left, right):
    verdict = engine.predict(left, right)
    vectors = engine.encode([left, right]).astype(float)
    alike = 1 if copy_key(left) == copy_key(right) else vectors[0] @ vectors[1]
    assert verdict.similarity == pytest.approx(alike, abs=1e-6)
    assert 0 <= verdict.probability <= 1
    assert verdict.threshold == engine.model.decision.threshold
    assert verdict.is_duplicate == (verdict.similarity >= verdict.threshold)


@pytest.mark.parametrize("text", ["", " \n", "?!", "\u200b", "zebra", "안녕", "\ud800"])
def test_strange_texts_get_a_finite_answer(engine, text):
    assert np.isfinite(engine.predict(text, "How old are you?").similarity)
    assert engine.predict(text, text).similarity == 1


@given(st.text(), st.text())
def test_no_text_gives_a_number_that_is_none(engine, left, right):
    verdict = engine.predict(left, right)
    assert -1 <= verdict.similarity <= 1
    assert 0 <= verdict.probability <= 1


@pytest.mark.parametrize(
    ("left", "right", "problem"),
    [
        ("how", "?", ""),
        ("😀", "\ud800", ""),
        ("", "how", "the first question is empty; expected one word at least"),
        ("how", " \u200b\x07", r"the second question has no word or mark, only ' \u200b\x07'; "),
        ("\n" * 1000, "", "the first question has no word or mark, only '"),
    ],
)
def test_a_question_without_words_is_reported(engine, left, right, problem):
    found = engine.find_blank(left, right)
    assert found.startswith(problem)
    assert bool(found) == bool(problem)
    assert len(found) < 120


def test_a_text_of_2000_words_works_whole(engine):
    start = "how old are you " * 500
    long, longer = start + "age", start + "sky"
    assert engine.predict(long, long).similarity == 1
    assert (engine.encode([long]) != engine.encode([longer])).any()


def test_no_questions(engine):
    assert engine.encode([]).shape == (0, 4)
    assert engine.predict_all([], []) == []


def test_sides_of_different_lengths(engine):
    with pytest.raises(ValueError, match="2 first questions, but 1 second ones"):
        engine.similarity(["a", "b"], ["c"])


@given(st.lists(questions, max_size=20), st.integers(1, 8))
@settings(max_examples=40)
def test_a_stream_gives_the_same_vectors_batch_by_batch(engine, asked, lot):
    lots = list(engine.encode_each(iter(asked), lot=lot))
    assert [len(each) for each in lots[:-1]] == [lot] * (len(lots) - 1)
    assert sum(map(len, lots)) == len(asked)
    if asked:
        np.testing.assert_allclose(np.concatenate(lots), engine.encode(asked), atol=1e-6)


@given(st.lists(st.tuples(questions, questions), min_size=1, max_size=8))
@settings(max_examples=40)
def test_known_vectors_are_as_alike_as_their_questions(engine, pairs):
    left, right = map(list, zip(*pairs, strict=True))
    ends = [(each, engine.encode(each)) for each in (left, right)]
    np.testing.assert_allclose(engine.score(*ends), engine.similarity(left, right), atol=1e-5)


def test_known_vectors_of_one_question_are_alike_for_certain(engine):
    one = engine.encode(["How old are you?"]).astype(np.float16).astype(np.float32)
    other = np.roll(one, 1)
    assert engine.score((["How old are you?"], one), (["  How old  are you?"], other)) == [1]
    with pytest.raises(ValueError, match="1 and 2 questions, but 1 and 1 vectors"):
        engine.score((["a"], one), (["a", "b"], one))


def test_a_stream_is_read_no_further_than_asked_for(engine):
    taken = []

    def source():
        while True:
            taken.append(1)
            yield "how old are you ?"

    lots = engine.encode_each(source(), lot=4)
    assert next(lots).shape[0] == next(lots).shape[0] == 4
    assert len(taken) == 8


@pytest.mark.parametrize(
    ("texts", "options", "error"),
    [
        ("one string", {}, TypeError),
        (["a"], {"lot": 0}, ConfigError),
        (["a"], {"precision": "float8"}, ConfigError),
    ],
)
def test_a_stream_that_cannot_be_is_refused_at_once(engine, texts, options, error):
    with pytest.raises(error):
        engine.encode_each(texts, **options)


def test_answering_needs_no_torch():
    code = "import sys, gemel.inference; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_string_is_not_a_list_of_questions(tiny_model):
    with pytest.raises(TypeError, match="expected a list of questions"):
        Engine(tiny_model).encode("How old are you?")
