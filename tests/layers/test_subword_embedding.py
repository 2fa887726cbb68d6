import math

import pytest
import torch

import gemel.layers as tl
from gemel.errors import LayerError


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return tl.SubwordEmbedding(5, 3, 7, padding=1)


def slow(layer, ids, words):
    """Look up or compose, number by number."""
    table, ngrams = layer.words.weight.tolist(), layer.ngrams.tolist()
    rows = []
    for row in ids:
        vectors = []
        for index in row:
            if index < len(table):
                vectors.append(table[index])
            else:
                spelled = words[index - len(table)]
                sums = [sum(ngrams[gram][place] for gram in spelled) for place in range(3)]
                vectors.append([value / math.sqrt(len(spelled)) for value in sums])
        rows.append(vectors)
    return rows


def flat(words):
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return torch.tensor([gram for word in words for gram in word]).long(), torch.tensor(starts)


IDS = [[2, 5, 1], [6, 0, 5]]
WORDS = [[3, 3, 0], [6]]


def test_known_words_are_looked_up_and_others_composed(layer):
    vectors = layer(torch.tensor(IDS), *flat(WORDS))
    torch.testing.assert_close(vectors, torch.tensor(slow(layer, IDS, WORDS)))


def test_without_words_to_compose_it_is_an_embedding(layer):
    ids = torch.tensor([[2, 1], [0, 4]])
    torch.testing.assert_close(layer(ids, *flat([])), layer.words(ids))


def test_both_tables_learn(layer):
    layer(torch.tensor(IDS), *flat(WORDS)).sum().backward()
    touched = [bool(row.any()) for row in layer.ngrams.grad]
    assert touched == [True, False, False, True, False, False, True]
    assert [bool(row.any()) for row in layer.words.weight.grad] == [True, True, True, False, False]


def test_the_mask_knows_the_padding(layer):
    mask = layer.next_mask((torch.tensor(IDS), *flat(WORDS)), None)
    assert mask.tolist() == [[True, True, False], [True, True, True]]


@pytest.mark.parametrize(
    ("ids", "words", "message"),
    [
        ([[7]], WORDS, "ids must be 0 to 6, one is 7"),
        ([[-1]], WORDS, "one is -1"),
        ([[5]], [[7]], "n-grams must be 0 to 6"),
    ],
)
def test_what_has_no_row_is_refused(layer, ids, words, message):
    with pytest.raises(LayerError, match=message):
        layer(torch.tensor(ids), *flat(words))


def test_it_stands_in_a_chain_and_prints():
    encoder = tl.Serial(tl.SubwordEmbedding(5, 3, 7, padding=1), tl.LSTM(3), tl.Mean(axis=1))
    assert str(encoder).startswith("Serial_in3[\n  SubwordEmbedding_5_3_7_in3\n  LSTM_3")
    assert encoder(torch.tensor(IDS), *flat(WORDS)).shape == (2, 3)
    with pytest.raises(LayerError, match="at least one row of n-grams"):
        tl.SubwordEmbedding(5, 3, 0)


def test_a_composed_embedding_adds_rows_and_spellings():
    torch.manual_seed(0)
    layer = tl.ComposedEmbedding(5, 3, 7)
    words = [[0, 3], [6], [1, 1, 2]]
    own = torch.tensor([[2, 0, 0], [4, 3, 0]])
    places = torch.tensor([[1, 2, 0], [3, 1, 0]])
    vectors = layer(own, places, *flat(words))
    rows = layer.spelled.words.weight
    composed = layer.spelled.compose(*flat(words))
    torch.testing.assert_close(vectors[0, 0], rows[2] + composed[0])
    torch.testing.assert_close(vectors[0, 1], composed[1])
    torch.testing.assert_close(vectors[1, 0], rows[4] + composed[2])
    assert not vectors[:, 2].any()
    assert layer.next_mask((own, places), None).tolist() == [[True, True, False]] * 2


def test_a_composed_embedding_folds_into_a_table():
    torch.manual_seed(0)
    layer = tl.ComposedEmbedding(3, 2, 7)
    words = [[5], [0, 3], [6, 2]]
    table = layer.fold(*flat(words))
    own, places = torch.tensor([[1, 2]]), torch.tensor([[2, 3]])
    torch.testing.assert_close(table[own], layer(own, places, *flat(words)))
    assert not layer.spelled.words.weight[0].any()


def test_a_composed_embedding_refuses_what_has_no_row():
    layer = tl.ComposedEmbedding(5, 3, 7)
    spelled = flat([[0], [6]])
    with pytest.raises(LayerError, match="ids must be 0 to 4, one is 5"):
        layer(torch.tensor([[5]]), torch.tensor([[1]]), *spelled)
    with pytest.raises(LayerError, match="places must be 0 to 2"):
        layer(torch.tensor([[4]]), torch.tensor([[3]]), *spelled)
    with pytest.raises(LayerError, match="n-grams must be 0 to 6"):
        layer(torch.tensor([[4]]), torch.tensor([[1]]), *flat([[7]]))
