"""Copies of a question, and questions that are none."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.text import are_copies, clean, copy_key

COPIES = [
    [
        "Where is the key?",
        "where is the key",
        "Where is the key ?",
        "WHERE IS THE KEY...",
        "Where is the key\u2026",
        "Where is the key!",
        "Where is the key?!",
        "  Where\tis the\u00a0key.\n",
        "\u201cWhere is the key?\u201d",
        '"Where is the key".',
        "\u00abWhere is the key\u00bb?",
        "\u201eWhere is the key?\u201c",
        "\u2018Where is the key?\u2019",
        "``Where is the key''",
        "`where is the key`?",
        "Where is\u200b the key\uff1f",
        'Where is the key?"',
        "\u201c\u2018Where\u2019 is the key?\u201d",
    ],
    ['What does "KPI" mean?', "What does KPI mean", "what does \u2018kpi\u2019 mean."],
    ['What does "KPI mean?', "what does kpi mean"],
    ["Can\u2019t it wait?", "can't it wait", "CAN'T IT WAIT ?"],
    ["Hi , who are you", "Hi, who are you?", "hi,who are you"],
    ['Is "7" odd?', "Is 7 odd?"],
    ["What is 7!", "what is 7 !", "\u201cWhat is 7!\u201d", "What is 7!?"],
    ["\u00bfQu\u00e9 es?", "Qu\u00e9 es", "QUE\u0301 ES?"],
    ["\u7121\u6599\u304b\uff1f", "\u7121\u6599\u304b", "\u300c\u7121\u6599\u304b\u300d\u3002"],
    ["\u0645\u0627 \u0647\u0630\u0627\u061f", "\u0645\u0627 \u0647\u0630\u0627"],
    ["Ma\u00dfe?", "MASSE", "masse"],
    ["Is -3 less?", "Is \u22123 less?", "is \u20133 less"],
]  # fmt: skip
DIFFERENT = [
    *("What is C?", "What is C++?", "What is C#?", "What is F#", "Use .NET", "Use NET"),
    *("What is 9!", "What is 9?", "What is n!", "What is n?", "What is (n-1)!", "What is (n-1)?"),
    *("10\u2074", "104", "10\u2084", "y\u00b2", "y2", "y\u2082", "\u00be", "34", "1 1/2", "11/2"),
    *("6'", '6"', "6", "6'2", "dogs'", "dogs", "wont", "won't", "1, 5", "1,5", "-3", "3", "3%"),
    *('What is ""', "What is", 'What is "?"', 'What is "!"', "It is not.", "It is."),
    *("ice cream", "icecream", "", "?", "!", "...", 'a 5" by 7" frame', "a 5 by 7 frame"),
]


@pytest.mark.parametrize("texts", COPIES, ids=lambda texts: texts[0])
def test_copies_have_one_key(texts):
    assert {copy_key(text) for text in texts} == {copy_key(texts[0])}
    assert are_copies(texts, [texts[0]] * len(texts)).all()


def test_different_questions_have_different_keys():
    keys = [copy_key(text) for text in DIFFERENT]
    assert [DIFFERENT[keys.index(key)] for key in keys] == DIFFERENT
    pairs = [(one, other) for one in DIFFERENT for other in DIFFERENT]
    found = are_copies(*zip(*pairs, strict=True))
    assert found.tolist() == [one == other for one, other in pairs]


LETTERS = st.sampled_from("aB1 .?!,;:'\"`()$\u201c\u2019\u00bf\u00b2\u00e9\u200b")


@given(st.text(LETTERS, max_size=12), st.text(LETTERS, max_size=12))
@example("a ?", "A")
@example("'a", "a")
def test_pairs_are_compared_by_their_keys(one, other):
    assert are_copies([one], [other]).tolist() == [copy_key(one) == copy_key(other)]
    assert are_copies([one], [one]).all()


@given(st.text() | st.text(LETTERS))
def test_a_key_holds_what_its_question_holds(text):
    key = copy_key(text)
    assert bool(key) is bool(clean(text))
    letters = re.compile(r"[^\W_]")
    assert letters.findall(key) == letters.findall(clean(text).casefold())


@given(st.text(st.sampled_from("ab1'- "), min_size=1).filter(str.strip))
def test_a_final_mark_and_case_and_spaces_make_no_difference(text):
    text = f"x{text}x"
    for copy in (f"{text}?", f"{text} .", text.upper(), f" {text}\n", text.replace(" ", "  ")):
        assert copy_key(copy) == copy_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "'a" * 20_000,
        "'" + "a " * 40_000,
        '"' * 40_000,
        "' \"" * 20_000,
        " ." * 40_000,
        "`a" * 30_000,
    ],
)
def test_long_texts_of_marks_have_a_key(text):
    assert copy_key(text) == copy_key(text.upper())
