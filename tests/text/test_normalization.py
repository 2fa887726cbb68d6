import functools
import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.errors import MissingExtraError
from gemel.text import clean
from gemel.text.normalization import _fix_text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  How\told \n are\u00a0you? ", "how old are you?"),
        ("DON\u2019T \u2018x\u02bc", "don't 'x'"),
        ("\uff28\uff2f\uff37 \ufb01ne", "how fine"),  # full-width letters, a ligature
        ("cafe\u0301", "caf\u00e9"),
        ("how\x00old\x7f\x1b", "how old"),
        ("pass\u00adword pass\u200cword \ufeffx", "password password x"),
        ("don\u00b4t it\u2032s", "don't it's"),
        ("e\u200d\u0301 e\u00ad\u0301", "\u00e9 \u00e9"),
        ("a\u202ab\u202ec\u061c\u2066", "abc"),
        ("\u845b\U000e0100", "\u845b"),
        ("\u2764\ufe0f", "\u2764"),
        ("", ""),
        (" \n", ""),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_texts_that_look_alike_become_the_same(text, cleaned, version):
    assert clean(text, normalization=version) == cleaned


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("10\u2076", "106", "10^6"),
        ("x\u00b2 y\u00b9\u2070 z\u207b\u00b9", "x2 y10 z\u22121", "x^2 y^10 z^-1"),
        ("H\u2082O x\u2081\u2080", "h2o x10", "h_2o x_10"),
        ("e\u207f 1\u00ba", "en 1o", "e^n 1^o"),
        ("5 \u33a1 1\u33a8", "5 m2 1m\u2215s2", "5 m^2 1m/s^2"),
        ("\u00bd 1\u00bd \u00bd5", "1\u20442 11\u20442 1\u204425", "1/2 1 1/2 1/2 5"),
        ("\u00bc\u00be 1\u20442", "1\u204443\u20444 1\u20442", "1/4 3/4 1/2"),
        ("\u201cA\u201d", "\u201ca\u201d", '"a"'),
        ("\u201eA\u201c \u00aba\u00bb", "\u201ea\u201c \u00aba\u00bb", '"a" "a"'),
        ("\u300cA\u300d \uff02a\u301e", '\u300ca\u300d "a\u301e', '"a" "a"'),
        ("\u201aA\u2018 \u2039a\u203a", "\u201aa' \u2039a\u203a", "'a' 'a'"),
        ("5\u2032 10\u2033", "5' 10''", "5' 10\""),
        ("\u22125 a\u2014b", "\u22125 a\u2014b", "-5 a-b"),
        ("c\u2013d e\u2011f", "c\u2013d e\u2010f", "c-d e-f"),
        ("\ufe63\uff0d\u2e3a\u05be", "--\u2e3a\u05be", "----"),
        ("pass\u200bword", "pass word", "password"),
        ("a\u034fb\u3164c\U000e0041d", "a\u034fb\u1160c\U000e0041d", "abcd"),
        ("a\u2800b", "a\u2800b", "a b"),
    ],
)  # fmt: skip
def test_the_versions_differ(text, first, second):
    assert clean(text, normalization=1) == first
    assert clean(text) == clean(text, normalization=2) == second


QUOTES = [*"«»‘’‚‛“”„‟‹›⹂「」『』〝〞〟﹁﹂﹃﹄＂＇｢｣"]
"""All of Unicode's Quotation_Mark but those of ASCII."""


@pytest.mark.parametrize("mark", QUOTES)
def test_every_quotation_mark_is_folded(mark):
    assert clean(f"a {mark}b") in ("a 'b", 'a "b')


def test_every_dash_is_folded():
    dashes = [
        chr(code)
        for code in range(0x80, 0x20000)
        if unicodedata.category(chr(code)) == "Pd" and code != 0x301C
    ]
    assert len(dashes) > 20
    assert {clean(f"a{dash}b") for dash in [*dashes, "\u2212", "\u02d7"]} == {"a-b"}


def test_nothing_invisible_is_left():
    hidden = (chr(code) for code in range(0x80, 0xE1000))
    visible = "NUMBER|ARABIC SIGN|FOOTNOTE|ABBREVIATION|DISPUTED|END OF|POUND|PIASTRE|HIEROGLYPH"
    hidden = [
        each
        for each in hidden
        if unicodedata.category(each) == "Cf" and not re.search(visible, unicodedata.name(each, ""))
    ]
    assert len(hidden) > 50
    assert {clean(f"a{each}b") for each in hidden} - {"ab"} == set()


@functools.cache
def tag(character):
    return unicodedata.decomposition(character or " ").partition(" ")[0]


def spelled_out(text):
    """Mark superscripts, subscripts and fractions one character after the other."""
    found = ""
    before = ""
    for character in text:
        kind = tag(character)
        if kind == "<super>" and tag(before) != "<super>":
            found += "^"
        elif kind == "<sub>" and tag(before) != "<sub>":
            found += "_"
        elif (kind == "<fraction>" and (before in [*"0123456789"] or tag(before) == kind)) or (
            tag(before) == "<fraction>" and character in [*"0123456789"]
        ):
            found += " "
        found += character
        before = character or before
    found = unicodedata.normalize("NFKC", found)
    return found.replace("\u2044", "/").replace("\u2212", "-")


SCRIPTS = st.sampled_from("\u00b2\u2076\u207b\u2081\u2082\u00bd\u00be\u00aa1a ")


@given(st.text(SCRIPTS, max_size=12))
def test_scripts_are_spelled_out_as_a_slow_reading_does(text):
    assert clean(text, lowercase=False) == " ".join(spelled_out(text).split())


@given(st.text(), st.booleans())
def test_a_plain_text_is_cleaned_the_same_by_every_version(text, lowercase):
    plain = text.encode("ascii", "replace").decode()
    one, two = (clean(plain, lowercase=lowercase, normalization=version) for version in (1, 2))
    assert one == two
    # The text around it makes no difference.
    assert clean(f"{plain} \u00e9", lowercase=lowercase) == f"{two} \u00e9".strip()


def test_case_may_be_kept():
    assert clean(" What IS \uff35S?", lowercase=False) == "What IS US?"


UNSEEN = st.sampled_from(
    "e\u0301\u200d\u00ad\u2060\ufe0f\u00b4\u0149\u0307\U000e0100 \u00b2\u2076\u2081\u00bd1"
    "\u201c\u2212\u200b\u034f\u1100\u1161\u1160\uff9e\u00a8\u0344\u33a1"
)


@given(st.text() | st.text(UNSEEN), st.booleans(), st.sampled_from([1, 2]))
@example("J\u030c", True, 1)  # has a composed form in lower case only
@example("\u0344" * 40, True, 2)  # each is spelled by two marks
@example("\u00a8" + "\u0301" * 30, True, 2)
def test_a_cleaned_text_is_clean(text, lowercase, version):
    once = clean(text, lowercase=lowercase, normalization=version)
    assert clean(once, lowercase=lowercase, normalization=version) == once


@given(st.text())
def test_spaces_are_single_and_inside(text):
    assert clean(text).split(" ") == (clean(text).split() or [""])


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_case_and_spaces_make_no_difference(text):
    assert clean(text) == clean(f" {text.upper()}\n") == clean(text.replace(" ", "  "))


@given(st.text(st.sampled_from("a\u0301\u0323\u0315\u1ab0x"), max_size=200))
def test_long_runs_of_marks_are_clean_too(text):
    for version in (1, 2):
        once = clean(text, normalization=version)
        assert clean(once, normalization=version) == once


def test_a_hundred_thousand_marks_are_not_sorted_at_once():
    text = "a" + "\u0301\u0323" * 50_000  # half a minute without a limit
    assert len(clean(text, normalization=1)) > 50_000
    assert len(clean(text)) == 30


@pytest.mark.parametrize("marks", ["\u0301", "\u05b4", "\u0e31"])
def test_words_with_few_marks_keep_them(marks):
    assert clean(f"b{marks * 3}c") == unicodedata.normalize("NFKC", f"b{marks * 3}c")


@pytest.mark.parametrize(
    ("garbled", "repaired"),
    [
        ("I don\u00e2\u20ac\u2122t", "i don't"),
        ("na\u00c3\u00afve", "na\u00efve"),
        ("&lt;b&gt;", "&lt;b&gt;"),
    ],
)
def test_repair_puts_wrong_decoding_right(garbled, repaired):
    assert clean(garbled, repair=True) == repaired
    assert clean(repaired, repair=True) == repaired


def test_repair_without_ftfy_states_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ftfy", None)
    _fix_text.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'gemel\[repair\]'"):
        clean("caf\u00e9", repair=True)
