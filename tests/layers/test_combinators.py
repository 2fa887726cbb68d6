import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import gemel.layers as tl
from gemel.errors import LayerError

add = tl.Fn("Add", lambda x, y: x + y)
double = tl.Fn("Double", lambda x: 2 * x)
copy = tl.Fn("Copy", lambda x: (x, x), n_out=2)

one, ten, hundred = (torch.tensor([[float(value)]]) for value in (1, 10, 100))


def test_serial_composes():
    assert tl.Serial(double, double)(one).item() == 4


def test_serial_keeps_a_stack():
    layer = tl.Serial(double, add)
    assert (layer.n_in, layer.n_out) == (2, 1)
    assert layer(one, ten).item() == 12


def test_serial_hands_back_what_no_layer_took():
    layer = tl.Serial(copy, double)
    assert (layer.n_in, layer.n_out) == (1, 2)
    doubled, kept = layer(one)
    assert (doubled.item(), kept.item()) == (2, 1)


def test_empty_serial_changes_nothing():
    assert tl.Serial()(one) is one


def test_lists_and_nothing_are_layers_too():
    assert str(tl.Serial([double, [double]], None)) == "Serial[\n  Double\n  Double\n]"
    assert tl.Parallel(double, None)((one, ten))[1] is ten


def test_parallel_splits_its_inputs():
    layer = tl.Parallel(add, double)
    assert (layer.n_in, layer.n_out) == (3, 2)
    summed, doubled = layer((one, ten, hundred))
    assert (summed.item(), doubled.item()) == (11, 200)


@given(st.lists(st.sampled_from([add, double, copy]), max_size=8))
def test_serial_counts_as_a_stack_machine_does(layers):
    layer = tl.Serial(*layers)
    inputs = [torch.ones(1, 1) for _ in range(layer.n_in)]
    stack = list(inputs)
    for each in layers:
        taken = [stack.pop(0) for _ in range(each.n_in)]
        outputs = each(*taken)
        stack = [*(outputs if each.n_out > 1 else [outputs]), *stack]
    outputs = layer(*inputs)
    found = list(outputs) if layer.n_out != 1 else [outputs]
    assert [value.item() for value in found] == [value.item() for value in stack]


def test_a_layer_named_twice_has_one_set_of_weights():
    encoder = tl.Serial(tl.Embedding(5, 3), tl.LSTM(4))
    twin = tl.Parallel(encoder, encoder)
    assert len(list(twin.parameters())) == len(list(encoder.parameters())) == 4


def test_mask_goes_through_nested_serials():
    words = tl.Embedding(5, 3, padding=1)
    nested = tl.Serial(tl.Serial(words, tl.Serial(tl.LSTM(4))), tl.Mean(axis=1), tl.Normalize())
    ids = torch.tensor([[2, 3, 1, 1]])
    torch.testing.assert_close(nested(ids), nested(ids[:, :2]))


def test_mask_can_be_given():
    layer = tl.Serial(tl.Embedding(5, 3), tl.Mean(axis=1))
    ids = torch.tensor([[2, 3, 4]])
    torch.testing.assert_close(
        layer(ids, mask=torch.tensor([[True, True, False]])), layer(ids[:, :2])
    )


def test_parallel_takes_a_mask_a_branch():
    branch = tl.Serial(tl.Embedding(5, 3), tl.Mean(axis=1))
    ids = torch.tensor([[2, 3]])
    first, second = tl.Parallel(branch, branch)(
        ids, ids, mask=(torch.tensor([[True, False]]), None)
    )
    torch.testing.assert_close(first, branch(ids[:, :1]))
    torch.testing.assert_close(second, branch(ids))
    with pytest.raises(LayerError, match="2 masks"):
        tl.Parallel(branch, branch)(ids, ids, mask=(None,))


@pytest.mark.parametrize("combinator", [tl.Serial, tl.Parallel])
def test_refuses_what_is_no_layer(combinator):
    with pytest.raises(LayerError, match=r"takes layers; it got"):
        combinator(lambda x: x)


def test_wrong_number_of_inputs_names_the_layer_and_its_place():
    layer = tl.Serial(add)
    with pytest.raises(LayerError, match=r"Serial_in2 \(made at .*test_combinators\.py:\d+\)") as e:
        layer(one)
    assert "takes 2 inputs; it got float32 of shape (1, 1)" in str(e.value)


def test_depths_that_do_not_fit_are_refused_at_once():
    shared = tl.LSTM(3)
    tl.Serial(tl.Embedding(5, 3), shared)
    with pytest.raises(LayerError, match=r"LSTM.*depth 3"):
        tl.Serial(tl.Embedding(5, 4), shared)


def test_weights_exist_before_the_first_call():
    layer = tl.Serial(tl.Embedding(5, 3), tl.LSTM(4), tl.Mean(axis=1), tl.Dense(2))
    assert sum(parameter.numel() for parameter in layer.parameters()) == 15 + 4 * 4 * 8 + 10
