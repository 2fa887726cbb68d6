"""The tokenizer file reads texts as gemel does: asked of the library `tokenizers` itself."""

import json
import os
import re
import unicodedata
from functools import cache
from pathlib import Path

import pytest
import tokenizers
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gemel.data import read_pairs
from gemel.exchange import freeze
from gemel.exchange.token_file import (
    class_like,
    class_of,
    final_sigma,
    token_file,
    write_token_file,
)
from gemel.samples import HELPDESK, PROBES
from gemel.text import Rules, Tokenizer

QUORA = Path(os.environ.get("GEMEL_QUORA", "dev_natural.csv"))
OLD_LETTERS = st.characters(exclude_categories=["Cs", "Cn"]).filter(
    lambda letter: unicodedata.ucd_3_2_0.category(letter) != "Cn"
)
"""Characters that Unicode had in 2002: every library knows them."""
PIECES = st.sampled_from(
    [
        *("n't", "N'T", "n'T", "'s", "'LL", "c++", "C#", "$5", "€2.50", "10:30", "50%", "1,", "5a"),
        *("ΟΔΟΣ", "Σ", "σς", "é", "e\u0301", "ﬁ", "½", "Ⅷ", "ｆ", "ı#", "İ++", "字", "กา", "한글"),
        *("’s", "‘", "´", "\u200b", "\u00ad", "\u0085", "\x1f", "\t", "\u2028", "\u3000", "_", "?"),
        *("⁶", "⁻¹", "₂", "¾", "㎡", "“", "„", "«", "−", "—", "\u034f", "\ufffb", "\u2800", "〜"),
        *("<UNK>", "<PAD>", "[UNK]", "ß", "ʼ", "\u0345", "Ǆ", "K"),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, OLD_LETTERS, st.sampled_from(" ab'"))).map("".join)


@pytest.fixture(scope="module")
def library(model_with):
    """Give the library's tokenizer for some rules."""

    @cache
    def open_with(rules):
        settings = (f"text.{name}={str(value).lower()}" for name, value in vars(rules).items())
        content = token_file(freeze(model_with(*settings)))
        return tokenizers.Tokenizer.from_str(json.dumps(content))

    return open_with


def pieces(tokenizer, text):
    normal = tokenizer.normalizer.normalize_str(text)
    return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)]


@pytest.mark.parametrize(
    "rules",
    [Rules(), Rules(lowercase=False), Rules(final_mark=True), Rules(normalization=1)],
    ids=str,
)
@given(text=TEXTS)
@example("")
@example("ΤΕΛΟΣ ΣΑΣ. Σ Α\u0301Σ! ΑΣ\u0301")
@example("x²³ y⁻¹ H₂O 1½ ½¼ ½5 ㎡")
@example("don't DON'T Don'T can\u2019t n'tn't")
def test_words_are_those_of_gemel(library, rules, text):
    assert pieces(library(rules), text) == Tokenizer(rules=rules).words(text)


def test_long_runs_of_marks_are_cut_alike(library):
    text = "a" + "\u0301\u0323" * 40 + "b \u00a8" + "\u0301" * 40
    assert pieces(library(Rules()), text) == Tokenizer(rules=Rules()).words(text)


@pytest.mark.parametrize("path", [HELPDESK, PROBES, QUORA], ids=lambda path: path.name)
def test_questions_become_the_same_rows(model_with, library, path):
    if not path.exists():
        pytest.skip("the Quora pairs are not here")
    rules = Rules(final_mark=True)
    frozen = freeze(model_with("text.final_mark=true"))
    rows = {word: row for row, word in enumerate(frozen.words)}
    own = Tokenizer(rules=rules)
    texts = read_pairs(path).texts[:3000]
    expected = [[rows.get(word, 1) for word in own.words(text)] for text in texts]
    assert [each.ids for each in library(rules).encode_batch(texts)] == expected


@pytest.mark.slow
def test_every_character_that_differs_is_newer_than_unicode_12(library):
    tokenizer, own = library(Rules()), Tokenizer()
    letters = map(chr, (*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0200)))
    texts = {letter: f"a{letter}b Σ{letter}" for letter in letters}
    others = [each for each, text in texts.items() if pieces(tokenizer, text) != own.words(text)]
    assert len(others) < 200
    assert {unicodedata.ucd_3_2_0.category(letter) for letter in others} == {"Cn"}


def test_no_text_is_special(library):
    tokenizer = library(Rules())
    assert tokenizer.encode("<PAD> [UNK]").tokens == ["<UNK>"] * 6
    assert tokenizer.encode("how <UNK>?").tokens[0] == "how"
    assert tokenizer.encode(" \u200b\t").ids == []


def test_a_word_with_half_a_character_has_no_name(model_with):
    frozen = freeze(model_with("text.ngram_buckets=5"), ["a\ud800", "zebra"])
    content = token_file(frozen)["model"]["vocab"]
    assert len(frozen.words) == len(content) + 1
    assert content["zebra"] == len(frozen.words) - 1
    tokenizers.Tokenizer.from_str(json.dumps(token_file(frozen)))


def test_the_files_hold_it(model_with, tmp_path):
    frozen = freeze(model_with())
    write_token_file(frozen, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    opened = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert opened.get_vocab() == {word: row for row, word in enumerate(frozen.words)}


@given(st.sets(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans())
@example(set("]^-[\\&~|"), True)
@example(set("!\"#$%&'()*+,-./"), False)
def test_a_class_holds_what_it_was_made_of(letters, negated):
    pattern = re.compile(class_of(letters, negated=negated))
    asked = {*letters, *"abc-]^[\\&", *(chr(min(ord(each) + 1, 0x10FFFF)) for each in letters)}
    for letter in asked:
        assert bool(pattern.fullmatch(letter)) is ((letter in letters) is not negated)


def test_written_out_classes_are_what_they_stand_for():
    for short in (r"\w", r"\d", r"\s"):
        pattern = re.compile(class_like(short))
        for code in (*range(0x3000), 0x1D7D8, 0x20000, 0x10FFFF):
            assert bool(pattern.fullmatch(chr(code))) is bool(re.fullmatch(short, chr(code)))


@given(st.text("ΣσΑα. '\u0301\u00adaA1", max_size=6))
def test_final_sigma_is_found_where_python_finds_it(text):
    assume(not re.search(r"['.\u0301\u00ad]{3}", text))  # behind more marks it is not looked for
    assert re.sub(final_sigma(), "ς", text).lower() == text.lower()
