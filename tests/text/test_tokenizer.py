import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.text import TOKENS, Tokenizer, Vocabulary, clean, split_words

chunks = st.sampled_from(
    ["don't", "n't", "'", "'s", "$5", "2.0", "10:30", "50%", "c++", "C#", ".", "x", " ", "안", "中"]
)
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
        ("x<PAD>", "x < PAD >"),
        ("", ""),
    ],
)
def test_words_numbers_and_marks(text, words):
    assert split_words(text) == words.split()


def test_both_spellings_of_not_are_the_same_words():
    assert split_words("don't") == split_words("do n't") == ["do", "n't"]


@given(texts)
def test_nothing_but_spaces_gets_lost(text):
    assert "".join(split_words(text)) == "".join(text.split())


@given(texts)
def test_no_word_is_empty_or_holds_a_space(text):
    assert all(word.split() == [word] for word in split_words(text))


@given(texts)
def test_words_put_side_by_side_with_spaces_stay_words(text):
    words = split_words(clean(text))
    assert split_words(" ".join(words)) == words


def test_encode_gives_the_ids_of_cleaned_words():
    tokenizer = Tokenizer(Vocabulary(["how", "old", "?"]))
    assert tokenizer.encode("  HOW old is\u00a0it?") == [2, 3, TOKENS.unknown, TOKENS.unknown, 4]


def test_case_may_count():
    tokenizer = Tokenizer.learn(["Who"], lowercase=False)
    assert tokenizer.encode("Who") != tokenizer.encode("who") == [TOKENS.unknown]


def test_learning_leaves_rare_words_out():
    tokenizer = Tokenizer.learn(["How old?", "how new?"], min_count=2)
    assert set(tokenizer.vocabulary.words) == {"how", "?"}


@given(texts)
def test_a_text_is_never_empty_nor_padding(text):
    tokenizer = Tokenizer.learn([text, "<PAD> <UNK>"])
    ids = tokenizer.encode(text)
    assert ids
    assert TOKENS.padding not in ids


@pytest.mark.parametrize("text", ["", " \n", "\u3000"])
def test_a_text_without_words_is_one_unknown_word(text):
    assert Tokenizer.learn(["how old"]).encode(text) == [TOKENS.unknown]


@given(st.lists(texts, max_size=5))
def test_encode_all_is_encode_row_by_row(asked):
    tokenizer = Tokenizer.learn(asked[:2])
    table = tokenizer.encode_all(asked)
    rows = [table.ids[a:b].tolist() for a, b in zip(table.starts, table.starts[1:], strict=False)]
    assert rows == [tokenizer.encode(text) for text in asked]
