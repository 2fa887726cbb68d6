import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gemel.layers as tl
from gemel.errors import LayerError


@given(batch=st.integers(1, 3), time=st.integers(1, 6), depth=st.integers(1, 5))
@settings(max_examples=25)
def test_lstm_is_its_cell_step_by_step(batch, time, depth):
    lstm = tl.LSTM(4)
    x = torch.randn(batch, time, depth)
    outputs = lstm(x)
    state = torch.zeros(batch, 8)
    for step in range(time):
        h, state = lstm.cell(x[:, step], state)
        torch.testing.assert_close(outputs[:, step], h, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(state[:, 4:], h)


def test_lstm_gradients_are_those_of_its_cell():
    lstm = tl.LSTM(4)
    x = torch.randn(2, 5, 3)
    lstm(x).sum().backward()
    fused = {name: p.grad.clone() for name, p in lstm.named_parameters()}
    lstm.zero_grad()
    state, total = torch.zeros(2, 8), torch.tensor(0.0)
    for step in range(5):
        h, state = lstm.cell(x[:, step], state)
        total = total + h.sum()
    total.backward()
    for name, parameter in lstm.named_parameters():
        torch.testing.assert_close(fused[name], parameter.grad, atol=1e-5, rtol=1e-4)


def test_lstm_never_looks_ahead():
    lstm = tl.LSTM(4)
    x = torch.randn(1, 6, 3)
    changed = x.clone()
    changed[:, 4:] += 1
    torch.testing.assert_close(lstm(x)[:, :4], lstm(changed)[:, :4])


@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2)])
def test_lstm_of_nothing_is_nothing(shape):
    assert tl.LSTM(4)(torch.zeros(shape)).shape == (*shape[:2], 4)


def test_lstm_refuses_other_shapes():
    with pytest.raises(LayerError, match=r"LSTM_4 \(made at .*test_sequence\.py:\d+\).*\(3, 2\)"):
        tl.LSTM(4)(torch.zeros(3, 2))


def test_cell_refuses_a_state_of_another_depth():
    cell = tl.LSTMCell(4)
    assert str(cell) == "LSTMCell_4_in2_out2"
    with pytest.raises(LayerError, match="state of depth 8"):
        cell(torch.zeros(2, 3), torch.zeros(2, 4))


def test_only_the_forget_gate_starts_open():
    bias = tl.LSTMCell(3).bias.reshape(4, 3)
    assert bias[1].eq(1).all()
    assert bias[[0, 2, 3]].eq(0).all()


@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_mean_counts_words_only(lengths):
    x = torch.randn(len(lengths), 5, 2)
    mask = torch.arange(5) < torch.tensor(lengths)[:, None]
    means = tl.Mean(axis=1)(x, mask=mask)
    for row, length in enumerate(lengths):
        expected = [
            sum(x[row, step, column].item() for step in range(length)) / max(length, 1)
            for column in range(2)
        ]
        torch.testing.assert_close(means[row], torch.tensor(expected))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_mean_without_mask_is_the_plain_mean(axis):
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(tl.Mean(axis=axis)(x), x.mean(axis))


def test_mean_refuses_an_axis_or_a_mask_that_is_not_there():
    with pytest.raises(LayerError, match="axis 3"):
        tl.Mean(axis=3)(torch.ones(2, 3, 4))
    with pytest.raises(LayerError, match=r"mask of shape \(2, 3\)"):
        tl.Mean(axis=1)(torch.ones(2, 3, 4), mask=torch.ones(2, 2, dtype=torch.bool))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 99))
@settings(max_examples=25)
def test_bidirectional_lstm_reads_the_words_of_each_row_both_ways(lengths, seed):
    torch.manual_seed(seed)
    both = tl.BidirectionalLSTM(4)
    x = torch.randn(len(lengths), max(lengths) + 1, 3)
    mask = torch.arange(x.shape[1])[None] < torch.tensor(lengths)[:, None]
    outputs = both(x, mask=mask)
    for row, length in enumerate(lengths):
        words = x[row : row + 1, :length]
        torch.testing.assert_close(outputs[row, :length, :4], both.forwards(words)[0])
        backwards = both.backwards(words.flip(1)).flip(1)[0]
        torch.testing.assert_close(outputs[row, :length, 4:], backwards)


def test_bidirectional_lstm_without_a_mask_reads_everything():
    both = tl.BidirectionalLSTM(4)
    x = torch.randn(2, 5, 3)
    torch.testing.assert_close(both(x)[..., 4:], both.backwards(x.flip(1)).flip(1))


def test_bidirectional_lstm_tells_its_depth_and_refuses_other_shapes():
    chain = tl.Serial(tl.Embedding(9, 3, padding=1), tl.BidirectionalLSTM(4), tl.Dense(2))
    assert chain(torch.tensor([[2, 3, 1]])).shape == (1, 3, 2)
    with pytest.raises(LayerError, match=r"takes \(batch, time, depth\)"):
        tl.BidirectionalLSTM(4)(torch.zeros(3, 2))
