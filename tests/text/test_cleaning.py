import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.text import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  How\told \n are\u00a0you? ", "how old are you?"),
        ("DON\u2019T \u2018x\u02bc", "don't 'x'"),
        ("\uff28\uff2f\uff37 \ufb01ne", "how fine"),  # full-width letters, a ligature
        ("cafe\u0301", "caf\u00e9"),
        ("", ""),
        (" \n", ""),
    ],
)
def test_texts_that_look_alike_become_the_same(text, cleaned):
    assert clean(text) == cleaned


def test_case_may_be_kept():
    assert clean(" What IS \uff35S?", lowercase=False) == "What IS US?"


@given(st.text(), st.booleans())
@example("J\u030c", True)  # has a composed form in lower case only
def test_a_cleaned_text_is_clean(text, lowercase):
    once = clean(text, lowercase=lowercase)
    assert clean(once, lowercase=lowercase) == once


@given(st.text())
def test_spaces_are_single_and_inside(text):
    assert clean(text).split(" ") == (clean(text).split() or [""])


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_case_and_spaces_make_no_difference(text):
    assert clean(text) == clean(f" {text.upper()}\n") == clean(text.replace(" ", "  "))
