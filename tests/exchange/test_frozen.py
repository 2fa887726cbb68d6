"""A frozen model: its rows are the vectors that the engine feeds the LSTM."""

import numpy as np
import pytest

from gemel.errors import ConfigError
from gemel.exchange import freeze, unknown_words
from gemel.exchange.onnx_file import gemel_vectors
from gemel.inference import Engine
from gemel.text.token_table import ngram_ids

TEXTS = ["How old is the rathaus?", "wat is your aeg", "?", "of c++ and zebras, zebras"]
SETTINGS = ["text.ngram_buckets=13", "text.nearest=true", "text.final_mark=true"]


@pytest.mark.parametrize("pooling", ["mean", "max"])
@pytest.mark.parametrize("both", ["true", "false"])
@pytest.mark.parametrize("some", [SETTINGS, SETTINGS[:1], SETTINGS[1:2], []])
def test_rows_give_the_vectors_of_the_engine(model_with, pooling, both, some):
    model = model_with(f"network.pooling={pooling}", f"network.bidirectional={both}", *some)
    frozen = freeze(model, unknown_words(model.tokenizer, TEXTS))
    rows = {word: row for row, word in enumerate(frozen.words)}
    read = [[rows.get(word, 1) for word in model.tokenizer.words(text)] for text in TEXTS]
    expected = Engine(model, backend="numpy").encode(TEXTS)
    np.testing.assert_allclose(gemel_vectors(frozen, read), expected, rtol=0, atol=1e-6)
    assert frozen.dim == expected.shape[1]


def test_rows_stand_in_order_and_the_first_two_change_places(model_with):
    model = model_with("text.ngram_buckets=13")
    known, table = model.tokenizer.vocabulary, model.weights["embedding.weight"]
    frozen = freeze(model, ["zebra", "old", "zebra", "yak"])
    assert frozen.words == ["<PAD>", "<UNK>", *known.words, "zebra", "yak"]
    np.testing.assert_array_equal(frozen.table[0], table[known["<PAD>"]])
    np.testing.assert_array_equal(frozen.table[1], table[known["<UNK>"]])
    np.testing.assert_array_equal(frozen.table[2 : len(known)], table[2:])
    grams = model.weights["ngrams.weight"][ngram_ids("zebra", 13)]
    np.testing.assert_allclose(frozen.table[-2], grams.sum(0) / len(grams) ** 0.5, rtol=1e-5)


def test_a_word_a_letter_off_has_the_row_of_the_known_one(model_with):
    model = model_with("text.nearest=true")
    frozen = freeze(model, ["wht", "whta", "zebra"])
    # Three letters are too few to be put right; without n-grams, zebra is the unknown word.
    assert frozen.words[len(model.tokenizer.vocabulary) :] == ["whta"]
    known = frozen.table[frozen.words.index("what")]
    np.testing.assert_array_equal(frozen.table[-1], known)
    assert not frozen.composes


def test_unknown_words_come_once_in_order(model_with):
    tokenizer = model_with().tokenizer
    assert unknown_words(tokenizer, ["yak how zebra", "old zebra gnu"]) == ["yak", "zebra", "gnu"]
    assert unknown_words(tokenizer, []) == []


@pytest.mark.parametrize(
    ("some", "only_cosine"),
    [
        ([], True),
        (["network.head=3", "training.loss=joint"], False),
        (["text.spelling_buckets=7"], False),
    ],
)
def test_it_states_whether_the_cosine_is_all(model_with, some, only_cosine):
    assert freeze(model_with(*some)).only_cosine is only_cosine


def test_letters_that_weigh_nothing_do_not_count(model_with):
    model = model_with("text.spelling_buckets=7")
    model.weights["spelling.share"][:] = 0
    assert freeze(model).only_cosine


def test_padding_that_counts_cannot_be_exported(model_with):
    with pytest.raises(ConfigError, match="depends on the longest question of its batch"):
        freeze(model_with("network.masked=false"))
