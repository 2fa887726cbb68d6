import itertools
import re
import string
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.evaluation import PERTURBATIONS
from gemel.evaluation.robustness import (
    change_numbers,
    drop_punctuation,
    edit_once,
    edit_twice,
    numbers,
    raise_case,
    slip_on_keyboard,
    swap_words,
)
from gemel.text import clean, split_words

QUESTION = "What's the best iPhone, the 6s or 7?"
chunks = st.sampled_from(
    ["don't", "What", "is", "2FA", "v2.0", "C++", "c#", "$5", "'s", "(", "?", "...", "-", " "]
) | st.sampled_from(
    ["größer", "Почему", "हिन्दी", "ما", "中文", "한국", "ﬁ", "²", "٣٤", "𝟘", "e\u0301", "\n"]
)
texts = st.text() | st.lists(chunks).map("".join) | st.lists(chunks).map(" ".join)
seeds = st.integers(0, 2**32)


def draw(seed):
    return np.random.default_rng(seed)


def outcomes(change, text, count=400):
    return {change(text, draw(seed)) for seed in range(count)}


def edits_between(one, two):
    """Damerau's distance, slowly: Lowrance and Wagner (1975)."""
    far = len(one) + len(two)
    table = {(-1, -1): far}
    for i in range(len(one) + 1):
        table[i, -1], table[i, 0] = far, i
    for j in range(len(two) + 1):
        table[-1, j], table[0, j] = far, j
    last_row = {}
    for i in range(1, len(one) + 1):
        last_column = 0
        for j in range(1, len(two) + 1):
            row, column = last_row.get(two[j - 1], 0), last_column
            same = one[i - 1] == two[j - 1]
            last_column = j if same else last_column
            table[i, j] = min(
                table[i - 1, j - 1] + (not same),
                table[i, j - 1] + 1,
                table[i - 1, j] + 1,
                table[row - 1, column - 1] + (i - row - 1) + 1 + (j - column - 1),
            )
        last_row[one[i - 1]] = i
    return table[len(one), len(two)]


@pytest.mark.parametrize(
    ("one", "two", "distance"),
    [("ab", "ab", 0), ("ab", "ba", 1), ("ca", "abc", 2), ("", "abc", 3), ("kitten", "sitting", 3)],
)
def test_the_oracle_counts_edits(one, two, distance):
    assert edits_between(one, two) == distance


@given(texts, seeds)
def test_one_edit_is_one(text, seed):
    edited = edit_once(text, draw(seed))
    assert edits_between(text, edited) == any(letter.isalpha() for letter in text)


@given(texts, seeds)
def test_two_edits_are_at_most_two(text, seed):
    assert edits_between(text, edit_twice(text, draw(seed))) <= 2


def test_two_edits_are_two_as_a_rule():
    distances = Counter(
        edits_between(QUESTION, edited) for edited in outcomes(edit_twice, QUESTION)
    )
    assert distances[2] > 0.9 * distances.total()


@given(texts, seeds)
def test_an_edit_touches_letters_only_and_leaves_some(text, seed):
    edited = edit_once(text, draw(seed))
    others = [letter for letter in text if not letter.isalpha()]
    assert [letter for letter in edited if not letter.isalpha()] == others
    assert any(letter.isalpha() for letter in edited) == any(letter.isalpha() for letter in text)


@given(texts, seeds)
def test_new_letters_are_of_a_script_and_a_case_of_the_text(text, seed):
    def kinds(letters):
        return {
            (unicodedata.name(a, "").split(" ")[0], a.isupper()) for a in letters if a.isalpha()
        }

    assert kinds(edit_once(text, draw(seed))) <= kinds(text)


def test_any_edit_may_come():
    letters = string.ascii_lowercase
    deleted, swapped = {"a", "b"}, {"ba"}
    replaced = {f"{new}b" for new in letters} | {f"a{new}" for new in letters}
    inserted = {form.format(new) for form in ("{}ab", "a{}b", "ab{}") for new in letters}
    possible = deleted | swapped | inserted | (replaced - {"ab"})
    assert outcomes(edit_once, "ab", 5000) == possible


def test_no_swap_is_one_of_case_only():
    assert "Aa" not in outcomes(edit_once, "aA")


def test_the_last_letter_stays():
    assert all(len(edited) >= 2 for edited in outcomes(edit_once, "7x"))


@given(texts, seeds)
def test_a_slip_is_one_letter_of_the_keyboard(text, seed):
    slipped = slip_on_keyboard(text, draw(seed))
    changed = [(was, now) for was, now in zip(text, slipped, strict=True) if was != now]
    assert len(changed) == any(letter in string.ascii_letters for letter in text)
    for was, now in changed:
        assert now in string.ascii_letters
        assert was in string.ascii_letters
        assert was.isupper() == now.isupper()


@pytest.mark.parametrize(
    ("key", "beside"),
    [("g", "tyfhvb"), ("Q", "WA"), ("p", "ol"), ("a", "qwsz"), ("m", "njk"), ("Z", "ASX")],
)
def test_neighbours_on_the_keyboard(key, beside):
    assert outcomes(slip_on_keyboard, key) == set(beside)


def test_every_letter_may_slip():
    assert {slipped[0] == "a" for slipped in outcomes(slip_on_keyboard, "ab")} == {True, False}


@given(texts, seeds)
def test_upper_case(text, seed):
    raised = raise_case(text, draw(seed))
    assert raised == text.upper()
    if text.isascii():
        assert clean(raised) == clean(text)


@given(texts, seeds)
def test_punctuation_goes_and_nothing_else(text, seed):
    rest = "".join(a for a in text if unicodedata.category(a)[0] != "P" and a not in "`´ʼ")
    assert drop_punctuation(text, draw(seed)) == (rest if rest.split() else text)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Don't you, or don’t you?", "Dont you or dont you"),
        ("¿Qué es «eso»?", "Qué es eso"),
        ("什么？", "什么"),
        ("$5 + c++", "$5 + c++"),
        ("?!", "?!"),
        (" ? ", " ? "),
        ("", ""),
    ],
)
def test_lost_punctuation(text, without):
    assert drop_punctuation(text, draw(0)) == without


@given(st.lists(chunks).map(" ".join), seeds)
def test_word_order_keeps_the_words(text, seed):
    swapped = swap_words(text, draw(seed))
    assert Counter(split_words(swapped)) == Counter(split_words(text))
    assert len(swapped) == len(text)
    assert sorted(swapped) == sorted(text)


@given(st.lists(st.sampled_from(["a", "A", "b", "c", "?", ","]), max_size=6), seeds)
def test_two_neighbouring_words_change_places(pieces, seed):
    words = [place for place, piece in enumerate(pieces) if piece.isalpha()]
    neighbours = [
        (one, two)
        for one, two in itertools.pairwise(words)
        if pieces[one].lower() != pieces[two].lower()
    ]
    possible = set()
    for one, two in neighbours:
        other = list(pieces)
        other[one], other[two] = other[two], other[one]
        possible.add(" ".join(other))
    text = " ".join(pieces)
    assert swap_words(text, draw(seed)) in (possible or {text})


def test_marks_stay_where_they_are_and_any_neighbours_may_swap():
    assert outcomes(swap_words, "(How old) are you?") == {
        "(old How) are you?",
        "(How are) old you?",
        "(How old) you are?",
    }


@given(texts, seeds)
def test_every_number_changes_and_nothing_else(text, seed):
    changed = change_numbers(text, draw(seed))
    assert re.sub(r"\d", "0", changed) == re.sub(r"\d", "0", text)
    for was, now in zip(numbers(text), numbers(changed), strict=True):
        assert was != now
        assert len(was) == len(now)
        assert was[0] == "0" or now[0] != "0"
    for was, now in zip(text, changed, strict=True):
        if was != now:  # the digits are those of the same script
            assert ord(was) - unicodedata.decimal(was) == ord(now) - unicodedata.decimal(now)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2FA in v2.0 of 1984", r"[^2\D]FA in v[^2\D]\.[^0\D] of (?!1984)[1-9]\d{3}"),
        ("007", r"(?!007)\d{3}"),
        ("iPhone 6?", r"iPhone [1-57-9]\?"),
        ("٣ or ３", "[١٢٤-٩] or [１２４-９]"),
        ("x² and two", "x² and two"),
    ],
)
def test_numbers_changed(text, form):
    assert all(re.fullmatch(form, changed) for changed in outcomes(change_numbers, text, 100))


def test_any_number_of_that_length_may_come():
    assert outcomes(change_numbers, "5") == set("12346789")
    assert outcomes(change_numbers, "00", 2000) == {f"{n:02}" for n in range(1, 100)}


def test_the_digits_of_numbers():
    assert numbers("2FA, v2.0, ٣٤ or 007") == ["2", "2", "0", "34", "007"]
    assert numbers("9" * 5000) == ["9" * 5000]


@pytest.mark.parametrize("perturbation", PERTURBATIONS, ids=lambda one: one.name)
@given(text=texts, seed=seeds)
def test_a_seed_repeats_the_change_and_no_text_becomes_empty(perturbation, text, seed):
    changed = perturbation.change(text, draw(seed))
    assert changed == perturbation.change(text, draw(seed))
    assert bool(changed.split()) == bool(text.split())


@pytest.mark.parametrize("perturbation", PERTURBATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_where_nothing_can_be_changed_nothing_is(perturbation, text):
    assert perturbation.change(text, draw(0)) == text


def test_names_are_distinct():
    assert len({one.name for one in PERTURBATIONS}) == len(PERTURBATIONS)
