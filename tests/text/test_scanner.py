"""Compiled reading finds what Python's does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.compiled import find_library
from gemel.text import Rules, Tokenizer, Vocabulary, clean, split_words
from gemel.text.normalization import with_final_mark
from gemel.text.reader import Scanner, find_words

LIBRARY = find_library()
WORDS = ["do", "n't", "N'T", "a", "ab", "it", "'s", "c++", "C#", "9", "$5", "10:30", "?", "é", "_"]
PARTS = [*WORDS, *"nNtT'aAcCsSrRevld09.,:%$+#_ ?-", "don't", "DON'T", "I've", "1,000", "\t", "\x1c"]
tricky = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)
ascii_texts = st.lists(tricky | st.text(st.characters(max_codepoint=127), max_size=20), max_size=8)

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="installed without the compiled part")


@pytest.mark.parametrize("final_mark", [True, False])
@pytest.mark.parametrize("lowercase", [True, False])
@given(texts=ascii_texts)
@settings(max_examples=100)
def test_plain_texts_are_read_alike(lowercase, final_mark, texts):
    texts = [text for text in texts if text.isascii()]
    found = Scanner(WORDS, LIBRARY, lowercase=lowercase, final_mark=final_mark)(texts)
    cleaned = [clean(text, lowercase=lowercase) for text in texts]
    if final_mark:
        cleaned = list(map(with_final_mark, cleaned))
    slow = find_words(cleaned, {word: number for number, word in enumerate(WORDS)})
    assert found.starts.tolist() == slow.starts.tolist()
    assert found.numbers.tolist() == slow.numbers.tolist()
    assert found.places.tolist() == slow.places.tolist()
    assert found.others == slow.others
    words = [word for text in cleaned for word in split_words(text)]
    assert [WORDS[n] for n in slow.numbers.tolist() if n >= 0] == [w for w in words if w in WORDS]
    assert slow.others == [word for word in words if word not in WORDS]
    assert np.diff(slow.starts).tolist() == [len(split_words(text)) for text in cleaned]


@given(st.lists(st.text(min_size=1), unique=True, max_size=200))
def test_every_word_of_a_list_is_found_and_no_other(words):
    words = [
        word
        for word in words
        if word.isascii() and split_words(clean(word, lowercase=False)) == [word]
    ]
    listed, others = words[::2], words[1::2]
    found = Scanner(listed, LIBRARY, lowercase=False)([*listed, *others])
    assert found.numbers.tolist() == [*range(len(listed)), *[-1] * len(others)]
    assert found.others == others


@given(st.lists(tricky | st.text(max_size=8), max_size=9), st.booleans())
@settings(max_examples=200)
def test_a_tokenizer_reads_alike_without_what_was_compiled(texts, lowercase):
    words = list(dict.fromkeys(clean(word, lowercase=lowercase) for word in WORDS))
    rules = Rules(lowercase=lowercase, ngram_buckets=50)
    one, other = (Tokenizer(Vocabulary(words), rules) for _ in range(2))
    other.__dict__["_scanner"] = None
    fast, slow = one.encode_all(texts), other.encode_all(texts)
    assert fast.ids.tolist() == slow.ids.tolist()
    assert fast.starts.tolist() == slow.starts.tolist()
    assert fast.spellings.ids.tolist() == slow.spellings.ids.tolist()
    rows = [fast.ids[a:b] for a, b in zip(fast.starts[:-1], fast.starts[1:], strict=True)]
    for text, row in zip(texts, rows, strict=True):
        known = [number if number < len(one.vocabulary) else 0 for number in row.tolist()]
        assert known == one.encode(text)
