import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gemel.layers as tl
from gemel.errors import LayerError


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 99))
@settings(max_examples=40)
def test_pooling_looks_at_words_only(lengths, seed):
    torch.manual_seed(seed)
    x = torch.randn(len(lengths), max(lengths) + 2, 3)
    mask = torch.arange(x.shape[1])[None] < torch.tensor(lengths)[:, None]
    highest, mean = tl.Max(axis=1)(x, mask=mask), tl.Mean(axis=1)(x, mask=mask)
    for row, length in enumerate(lengths):
        words = x[row, :length]
        expected = words.amax(0) if length else torch.zeros(3)
        torch.testing.assert_close(highest[row], expected)
        torch.testing.assert_close(mean[row], words.mean(0) if length else torch.zeros(3))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_without_a_mask_every_place_counts(axis):
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(tl.Max(axis)(x), x.amax(axis))
    torch.testing.assert_close(tl.Mean(axis)(x), x.mean(axis))


def test_max_gives_gradients_to_words_only():
    x = torch.randn(2, 4, 3, requires_grad=True)
    mask = torch.tensor([[True, True, False, False], [False] * 4])
    tl.Max(axis=1)(x, mask=mask).sum().backward()
    assert x.grad[0, :2].sum() == 3
    assert not x.grad[0, 2:].any()
    assert not x.grad[1].any()


@pytest.mark.parametrize("layer", [tl.Max, tl.Mean])
def test_pooling_refuses_what_it_cannot_pool(layer):
    with pytest.raises(LayerError, match="cannot pool along axis 3"):
        layer(axis=3)(torch.zeros(2, 2))
    with pytest.raises(LayerError, match=r"takes a mask of shape \(2, 3\)"):
        layer(axis=1)(torch.zeros(2, 3, 4), mask=torch.ones(2, 2, dtype=torch.bool))
