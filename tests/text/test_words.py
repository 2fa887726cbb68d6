import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import clean, split_words
from gemel.text.normalization import marks
from gemel.text.words import _any_script

chunks = st.sampled_from(
    ["don't", "n't", "'", "'s", "$5", "2.0", "10:30", "50%", "c++", "C#", ".", "x", " "]
) | st.sampled_from(["안", "中", "क", "ि", "्", "ก", "ี", "\u0301", "ש", "\u05b8"])
texts = st.text() | st.lists(chunks).map("".join)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("how old are you?", "how old are you ?"),
        ("c++ or c#? C#!", "c++ or c# ? C# !"),
        ("python 2.0 costs $5.", "python 2.0 costs $5 ."),
        ("50% at 10:30, 1,000 or 5th", "50% at 10:30 , 1,000 or 5th"),
        ("don't i can't won't", "do n't i ca n't wo n't"),
        ("it's what they're i'd 'quoted'", "it 's what they 're i 'd ' quoted '"),
        ("isn'tx o'clock", "is n ' tx o ' clock"),
        ("naïve straße", "naïve straße"),
        ("안녕?", "안 녕 ?"),
        ("中文and英文", "中 文 and 英 文"),
        ("かな", "か な"),
        ("กข", "ก ข"),
        ("ที่นี่", "ที่ นี่"),
        ("हिन्दी क्या है?", "हिन्दी क्या है ?"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("لماذا لا؟", "لماذا لا ؟"),
        ("2.0은 c++을 c#で 3.5倍 $5만", "2.0 은 c++ 을 c# で 3.5 倍 $5 만"),
        ("x<PAD>", "x < PAD >"),
        ("", ""),
    ],
)
def test_words_numbers_and_marks(text, words):
    assert split_words(text) == words.split()


@pytest.mark.parametrize(
    "script",
    [
        *("안녕하세요", "你好世界你好", "สวัสดีชาวโลก", "မင်္ဂလာပါ", "こんにちは"),
        *("ᦀᦁᦂ", "ᨠᨡ", "ꪀꪁ", "ꦲꦏ꧀ꦱꦫ", "ᬅᬓ᭄ᬱᬭ", "ㄅㄆㄇ", "ꀀꀁ", "ㇰㇱ", "𓀀𓀁", "𗀀𗀁"),
    ],
)
def test_scripts_without_spaces_give_no_giant_word(script):
    assert max(map(len, split_words(script * 50))) <= 5


def test_both_spellings_of_not_are_the_same_words():
    assert split_words("don't") == split_words("do n't") == ["do", "n't"]


@given(texts)
def test_nothing_but_spaces_gets_lost(text):
    assert "".join(split_words(text)) == "".join(text.split())


@given(texts)
def test_no_word_looks_across_a_space(text):
    assert split_words(text) == [word for piece in text.split() for word in split_words(piece)]


@given(texts)
def test_no_word_is_empty_or_holds_a_space(text):
    assert all(word.split() == [word] for word in split_words(text))


@given(texts)
def test_words_put_side_by_side_with_spaces_stay_words(text):
    words = split_words(clean(text))
    assert split_words(" ".join(words)) == words


@given(st.text(st.characters(codec="ascii")) | st.lists(chunks.filter(str.isascii)).map("".join))
def test_the_pattern_for_plain_letters_is_no_other_rule(text):
    spaced = text.replace("n't", " n't").replace("N'T", " N'T")
    assert split_words(text) == _any_script().findall(spaced)


@given(st.characters(max_codepoint=0x1FFFF))
def test_marks_are_what_unicode_says(letter):
    import re

    is_mark = unicodedata.category(letter).startswith("M")
    assert bool(re.fullmatch(f"[{marks()}]", letter)) == is_mark


@given(texts, st.booleans(), st.data())
def test_words_with_spaces_between_are_the_same_words(text, lowercase, data):
    """Whatever is left out."""
    words = split_words(clean(text, lowercase=lowercase))
    assert bool(words) == bool(clean(text, lowercase=lowercase))
    kept = [word for word in words if data.draw(st.booleans())]
    assert split_words(clean(" ".join(kept), lowercase=lowercase)) == kept
