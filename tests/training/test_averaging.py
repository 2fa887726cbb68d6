import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gemel.training.trainer import Average


def average_plainly(values, decay):
    """The slow oracle: of one number, in 64 bits."""
    average = values[0]
    for step, value in enumerate(values[1:]):
        kept = min(decay, (1 + step) / (10 + step))
        average = kept * average + (1 - kept) * value
    return average


@given(
    st.lists(st.floats(-9, 9), min_size=1, max_size=40),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_it_is_the_moving_average(values, decay):
    parameter = nn.Parameter(torch.tensor([values[0], 1.0]))
    average = Average([parameter], decay)
    for step, value in enumerate(values[1:]):
        with torch.no_grad():
            parameter[0] = value
        average.update(step)
    expected = average_plainly(values, decay)
    np.testing.assert_allclose(average.values[0].numpy(), [expected, 1], atol=1e-4)


def test_the_beginning_is_soon_forgotten():
    parameter = nn.Parameter(torch.tensor(1e6))
    average = Average([parameter], 0.999)
    with torch.no_grad():
        parameter.zero_()
    for step in range(100):
        average.update(step)
    assert 0 <= average.values[0] < 1e-3


def test_in_place_for_a_while_and_then_as_before():
    parameter = nn.Parameter(torch.tensor([1.0, 2.0]))
    average = Average([parameter], 0.5)
    with torch.no_grad():
        parameter.add_(7)
    with average.in_place():
        assert parameter.tolist() == [1, 2]
    assert parameter.tolist() == [8, 9]
    with pytest.raises(KeyboardInterrupt), average.in_place():
        raise KeyboardInterrupt
    assert parameter.tolist() == [8, 9]
    average.put()
    assert parameter.tolist() == [1, 2]
