"""A question is cleaned once, from the request or the reader to the store and the verdict."""

from collections import Counter

import pytest

import gemel
from gemel.corpus.matches import Query
from gemel.text import CleanText, clean, copy_key, normalization
from gemel.text.tokenizer import Rules, Tokenizer

TEXTS = [
    f"How old are {number} people in room\u00b2 {number % 3}?" if number % 2 else f"Is {number} A?"
    for number in range(12)
]
ASKED = "Are YOU \u201cold\u201d?"


@pytest.fixture
def cleaned(monkeypatch):
    """Count the cleanings of each text."""
    counts = Counter()
    normalize = normalization._normalize

    def count(text, *settings):
        counts[text] += 1
        return normalize(text, *settings)

    monkeypatch.setattr(normalization, "_normalize", count)
    return counts


@pytest.fixture
def index(tmp_path):
    with gemel.open_index(tmp_path / "corpus.db") as index:
        yield index


def test_add(index, cleaned):
    index.add(ASKED)
    assert cleaned == {ASKED: 1}


def test_adding_a_file(tmp_path, cleaned):
    (tmp_path / "questions.txt").write_text("\n".join(TEXTS), "utf-8")
    gemel.index(tmp_path / "questions.txt", tmp_path / "corpus.db")
    assert cleaned == dict.fromkeys(TEXTS, 1)


@pytest.mark.parametrize("find", ["search_all", "check_all"])
def test_search_and_check(index, cleaned, find):
    for text in TEXTS:
        index.add(text)
    cleaned.clear()
    found = getattr(index, find)([Query(ASKED, 5), Query(TEXTS[0], 5)])
    stored = {match.question.text for matches in found for match in matches}
    assert len(stored) >= 5
    assert cleaned == dict.fromkeys([ASKED, *stored], 1) | {TEXTS[0]: 2}  # asked and stored


def test_dedupe(tmp_path, cleaned):
    (tmp_path / "questions.txt").write_text("\n".join(TEXTS), "utf-8")
    gemel.dedupe(tmp_path / "questions.txt", floor=-1.0)
    assert cleaned == dict.fromkeys(TEXTS, 1)
    cleaned.clear()
    groups = gemel.dedupe(TEXTS, floor=-1.0)
    assert cleaned == dict.fromkeys(TEXTS, 1)
    assert {type(text) for text in groups.texts} == {str}


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("text", [ASKED, "Is  5 A?"])
def test_a_cleaned_text_is_the_text_and_keeps_its_form(cleaned, lowercase, text):
    tokenizer = Tokenizer(rules=Rules(lowercase=lowercase))
    read = tokenizer.read(text)
    assert (read, hash(read), str(read)) == (text, hash(text), text)
    assert type(str(read)) is str
    assert tokenizer.read(read) is read
    assert tokenizer.clean(read) == tokenizer.clean(text)
    assert CleanText(read) == text
    assert clean(read) == clean(text)
    assert copy_key(read) == copy_key(text)
