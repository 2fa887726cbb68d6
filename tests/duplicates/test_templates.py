import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.duplicates import find_duplicates
from gemel.duplicates.question_templates import LEAST_INSTANCES, mask_numbers, number_templates
from gemel.inference import Engine
from gemel.text import clean

MANY = LEAST_INSTANCES


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("where is my order?", None),
        ("where is my order 17?", "where is my order 0?"),
        ("is ab12-99x better than 1,000.50?", "is 0 better than 0?"),
        ("open on 2024-05-06 at 10:30?", "open on 0 at 0?"),
        ("a (5-year-old) child", "a (0) child"),
        ("order17", "0"),
        ("straße 12 in kreis 7b", "straße 0 in kreis 0"),
        ("我的订单17在哪里?", "我的订单0在哪里?"),
        ("well-known facts about 7", "well-known facts about 0"),
        ("٣ or ३?", "0 or 0?"),
    ],
)
def test_numbers_and_codes_are_masked_and_nothing_else(text, masked):
    assert mask_numbers(text) == masked


@given(st.text("ab1٣-. ?", max_size=30))
def test_what_is_masked_stays_so(text):
    masked = mask_numbers(text)
    assert (masked is None) == (not any(each in "1٣" for each in text))
    if masked is not None:
        assert mask_numbers(masked) == masked


def test_masking_a_long_word_takes_no_time():
    began = time.process_time()
    assert mask_numbers("a" * 1_000_000 + " 1").endswith(" 0")
    assert time.process_time() - began < 10  # by squares it would be hours


def test_a_template_takes_many_different_questions():
    few = [f"How old is {n}?" for n in range(MANY - 1)]
    texts = [*few, "Why?", *(f"Is {n} or {n + 1} prime?" for n in range(MANY))]
    found = number_templates(texts, clean)
    assert found.tolist() == [-1] * MANY + [MANY] * MANY


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model)


def find(engine, texts, **options):
    return find_duplicates(engine, [f"q{n}" for n in range(len(texts))], texts, **options)


def within(found, template):
    """Count the judged pairs of which both are instances."""
    texts = [found.texts[row] for row in found._first.tolist()]
    pairs = zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True)
    return sum(all(texts[row].startswith(template) for row in pair) for pair in pairs)


def test_instances_are_not_judged_with_each_other_but_with_all_others(engine):
    texts = ["How old are people?", *(f"How old are {n} people?" for n in range(MANY))]
    found = find(engine, texts, floor=-1.0)
    assert found.templates == (("How old are 0 people?", MANY),)
    assert len(found.pairs) == MANY
    assert set(found.pairs.left.tolist()) == {0}
    assert all(len(group) == 2 for group in found.groups)  # of an instance and the first question
    assert found.left_out == 0


def test_one_instance_fewer_is_judged_as_any_question(engine):
    texts = [f"How old are {n} people?" for n in range(MANY - 1)]
    found = find(engine, texts, floor=-1.0)
    assert found.templates == ()
    different = int(found.copies.max()) + 1
    assert len(found.pairs) == different * (different - 1) // 2


def test_copies_of_an_instance_are_copies_and_others_never(engine):
    texts = [f"How old are {n} people?" for n in range(MANY)]
    found = find(engine, [*texts, "How old are  5 people?", *texts[7:9]])
    assert found.templates == (("How old are 0 people?", MANY),)
    assert found.exact == 3
    groups = [[member.id for member in group.members] for group in found.groups]
    assert groups == [["q5", f"q{MANY}"], ["q7", f"q{MANY + 1}"], ["q8", f"q{MANY + 2}"]]


def test_instances_that_the_model_cannot_distinguish_stay_apart(engine, monkeypatch):
    encode = Engine.encode
    monkeypatch.setattr(
        Engine, "encode", lambda self, texts, **how: encode(self, ["how old"] * len(texts), **how)
    )
    found = find(engine, [f"How old are {n} people?" for n in range(MANY)] + ["Why?", "When?"])
    groups = [[member.id for member in group.members] for group in found.groups]
    assert [group for group in groups if len(group) > 1] != []
    assert {f"q{MANY}", f"q{MANY + 1}"} <= set(groups[0])
    assert len(found.pairs) == MANY  # of what remains one with each instance


def test_several_templates_come_by_size(engine):
    texts = [f"Is {n} odd?" for n in range(MANY)]
    texts += [f"How old are {n} people in room {n % 7}?" for n in range(MANY + 5)]
    found = find(engine, texts, floor=-1.0)
    assert found.templates == (("How old are 0 people in room 0?", MANY + 5), ("Is 0 odd?", MANY))
    assert within(found, "Is ") == within(found, "How ") == 0
    assert len(found.pairs) == MANY * (MANY + 5)  # different templates are compared


def test_of_too_many_close_pairs_some_are_left_out_and_counted(engine, monkeypatch):
    from gemel.duplicates import candidates

    texts = [f"How old are {one}{other} people?" for one in "abcdefgh" for other in "qrstuvwx"]
    everything = find(engine, texts, floor=-1.0)
    monkeypatch.setattr(candidates, "_AT_LEAST", 300)
    monkeypatch.setattr(candidates, "_EACH", 1)
    monkeypatch.setattr(candidates, "_HELD", 40)
    monkeypatch.setattr(candidates, "_BLOCK", 16)
    monkeypatch.setattr(candidates, "_STRIP", 8)
    found = find(engine, texts, floor=-1.0)
    assert everything.left_out == 0
    assert len(found.pairs) <= 300
    assert found.judged + found.left_out == everything.judged
    known = dict(zip(_pairs(everything), everything.pairs.cosine.tolist(), strict=True))
    kept = set(_pairs(found))
    for right in range(1, len(texts)):
        mine = {pair: cosine for pair, cosine in known.items() if pair[1] == right}
        lowest = min((known[pair] for pair in kept if pair[1] == right), default=None)
        if lowest is not None:
            assert all(cosine <= lowest + 1e-6 for pair, cosine in mine.items() if pair not in kept)
    assert sorted(kept) == list(_pairs(found))


def _pairs(found):
    return list(zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True))
