import functools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import gemel.layers as tl
from gemel.errors import LayerError


def test_embedding_looks_up_ids_of_any_shape():
    layer = tl.Embedding(4, 3)
    ids = torch.tensor([[[0, 3], [2, 2]]])
    torch.testing.assert_close(layer(ids), layer.weight[ids])


@pytest.mark.parametrize("wrong", [-1, 4, 99])
def test_embedding_refuses_ids_outside_its_table(wrong):
    layer = tl.Embedding(4, 3)
    with pytest.raises(LayerError, match=rf"Embedding_4_3 .*ids must be 0 to 3, one is {wrong}"):
        layer(torch.tensor([[0, wrong, 1]]))


def test_embedding_refuses_what_are_no_ids():
    with pytest.raises(LayerError, match=r"Embedding_4_3 .*it got float32 of shape \(2,\)"):
        tl.Embedding(4, 3)(torch.rand(2))


def test_embedding_needs_a_size():
    with pytest.raises(LayerError, match="at least one row"):
        tl.Embedding(0, 3)


def test_dense_is_a_matrix_and_a_bias():
    layer = tl.Dense(2)
    x = torch.rand(5, 4, 3)
    expected = layer(x)  # makes the weights
    torch.testing.assert_close(x @ layer.weight.T + layer.bias, expected)
    assert expected.shape == (5, 4, 2)


def test_dense_made_late_is_what_the_optimizer_holds():
    layer = tl.Dense(2)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    layer(torch.ones(1, 3)).sum().backward()
    before = layer.weight.detach().clone()
    optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), before - 1)


def test_dense_refuses_another_depth():
    layer = tl.Serial(tl.Embedding(9, 3), tl.Dense(2)).sublayers[1]
    with pytest.raises(LayerError, match=r"Dense_2 .*depth 3"):
        layer(torch.rand(1, 4))


def test_fn_takes_as_many_inputs_as_the_function():
    layer = tl.Fn("Weigh", lambda x, y, z: x + 2 * y + 3 * z)
    assert (layer.n_in, str(layer)) == (3, "Weigh_in3")
    assert layer(*torch.ones(3)).item() == 6


def with_default(x, y=1):
    return x + y


def with_any_number(*xs):
    return sum(xs)


def with_keyword(x, *, factor=2):
    return factor * x


@pytest.mark.parametrize("f", [with_default, with_any_number])
def test_fn_refuses_functions_it_cannot_count(f):
    with pytest.raises(LayerError, match=r"Odd \(made at .*test_core\.py:\d+\): takes no function"):
        tl.Fn("Odd", f)


def test_fn_leaves_keyword_only_arguments_alone():
    assert tl.Fn("Double", with_keyword)(torch.ones(1)).item() == 2
    assert tl.Fn("Triple", functools.partial(with_keyword, factor=3))(torch.ones(1)).item() == 3


def test_an_error_inside_a_function_names_its_layer():
    layer = tl.Fn("Product", lambda x, y: x @ y)
    with pytest.raises(
        LayerError, match=r"Product_in2 .*shape \(2, 3\), float32 of shape \(2, 3\)"
    ):
        layer(torch.ones(2, 3), torch.ones(2, 3))


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6))
def test_log_softmax_are_logarithms_of_probabilities(values):
    logs = tl.LogSoftmax()(torch.tensor([values]))
    torch.testing.assert_close(logs.exp().sum(), torch.tensor(1.0))
    assert (logs <= 0).all()


def test_log_softmax_axis():
    x = torch.rand(3, 4)
    torch.testing.assert_close(tl.LogSoftmax(axis=0)(x), tl.LogSoftmax()(x.T).T)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=6))
def test_normalize_gives_unit_vectors_or_zero(values):
    x = torch.tensor([values])
    length = tl.Normalize()(x).norm()
    assert length.isfinite()
    if x.norm() > 1e-6:
        torch.testing.assert_close(length, torch.tensor(1.0))


def test_normalize_of_zero_is_zero_with_a_finite_gradient():
    x = torch.zeros(2, 3, requires_grad=True)
    result = tl.Normalize()(x)
    assert (result == 0).all()
    result.sum().backward()
    assert x.grad.isfinite().all()


def test_dropout_drops_in_training_only():
    torch.manual_seed(0)
    layer = tl.Dropout(0.25)
    x = torch.ones(100, 100)
    dropped = layer(x)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert layer.eval()(x) is x or (layer(x) == x).all()
    assert str(layer) == "Dropout_0.25"
    with pytest.raises(LayerError, match="rate of at least 0 and below 1"):
        tl.Dropout(1.0)
