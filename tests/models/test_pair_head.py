import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.inference import NumpyHead
from gemel.models import PairHead, SiameseModel, get_weights, set_weights
from gemel.text import TokenTable


def unit_vectors(count, dim, seed):
    torch.manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, dim), dim=1)


def weights_of(head):
    model = SiameseModel(5, 3, head=4)
    return {
        name: array
        for name, array in get_weights(model.processor, head).items()
        if name.startswith("head.")
    }


@given(pairs=st.integers(1, 6), seed=st.integers(0, 999))
@settings(max_examples=30)
def test_neither_question_is_first(pairs, seed):
    u, v = unit_vectors(pairs, 6, seed), unit_vectors(pairs, 6, seed + 1)
    head = PairHead(6, 5).eval()
    assert torch.equal(head(u, v), head(v, u))
    scorer = NumpyHead(weights_of(head))
    np.testing.assert_array_equal(scorer(u.numpy(), v.numpy()), scorer(v.numpy(), u.numpy()))


@given(pairs=st.integers(1, 6), seed=st.integers(0, 999))
@settings(max_examples=30)
def test_numpy_computes_what_torch_computes(pairs, seed):
    u, v = unit_vectors(pairs, 6, seed), unit_vectors(pairs, 6, seed + 1)
    head = PairHead(6, 5).eval()
    with torch.no_grad():
        both = (torch.tanh(head(u, v) / 6) + (u * v).sum(dim=1)) / 2
        expected = ((both + both**3) / 2).numpy()
    np.testing.assert_allclose(
        NumpyHead(weights_of(head))(u.numpy(), v.numpy()), expected, atol=1e-6
    )


def test_a_vector_and_itself_are_wholly_alike():
    u = unit_vectors(3, 6, 0).numpy()
    assert NumpyHead(weights_of(PairHead(6, 5)))(u, u).tolist() == [1, 1, 1]


def test_it_sees_distance_product_and_cosine():
    head = PairHead(2, 3).eval()
    u, v = torch.tensor([[0.6, 0.8]]), torch.tensor([[1.0, 0.0]])
    features = torch.tensor([0.4 * 2**0.5, 0.8 * 2**0.5, 0.6 * 2, 0.0, 0.6])
    inner = torch.relu(head.hidden.weight @ features + head.hidden.bias)
    expected = head.last.weight @ inner + head.last.bias
    torch.testing.assert_close(head(u, v), expected)


def test_a_model_has_a_head_if_asked():
    model = SiameseModel(5, 3, n_units=4, bidirectional=True, head=7)
    assert str(model.head) == "PairHead_8_7_in2"
    assert SiameseModel(5, 3).head is None
    predicting = SiameseModel(5, 3, "predict", head=7)
    assert not any(each.requires_grad for each in predicting.head.parameters())
    weights = get_weights(model.processor, model.head)
    other = SiameseModel(5, 3, n_units=4, bidirectional=True, head=7)
    set_weights(other.processor, weights, other.head)
    for name, array in get_weights(other.processor, other.head).items():
        np.testing.assert_array_equal(array, weights[name])


def test_dropout_is_for_training():
    torch.manual_seed(0)
    head = PairHead(6, 50, dropout=0.5)
    u, v = unit_vectors(2, 6, 0), unit_vectors(2, 6, 1)
    assert not torch.equal(head(u, v), head(u, v))
    head.eval()
    assert torch.equal(head(u, v), head(u, v))


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_both_ways_numpy_encodes_as_torch_does(pooling):
    from gemel.inference import NumpyEncoder, choose_backend

    torch.manual_seed(0)
    model = SiameseModel(
        9, 3, "eval", n_units=4, bidirectional=True, pooling=pooling, ngram_buckets=5
    )
    rows = TokenTable.from_rows([[2, 3, 9, 4], [5], [10, 9]])
    spellings = TokenTable.from_rows([[0, 4], [2, 2]])
    table = TokenTable(rows.ids, rows.starts, 9, spellings)
    expected = model.processor(*table.inputs(np.arange(3))).numpy()
    make_lstm = choose_backend("numpy").make_lstm
    encoder = NumpyEncoder(get_weights(model.processor), make_lstm, pooling=pooling)
    assert encoder.dim == 8
    np.testing.assert_allclose(encoder(table), expected, atol=1e-6)
