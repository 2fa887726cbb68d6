import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gemel.errors import ConfigError
from gemel.models import SiameseModel, get_weights, set_weights

PADDING = 1
questions = st.lists(
    st.lists(st.sampled_from([0, *range(2, 12)]), min_size=1, max_size=7), min_size=1, max_size=5
)


def pad(rows, width):
    return torch.tensor([row + [PADDING] * (width - len(row)) for row in rows])


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(1)
    return SiameseModel(12, 6, "predict").processor


@given(rows=questions, extra=st.integers(0, 5))
def test_a_vector_does_not_depend_on_its_batch(encoder, rows, extra):
    together = encoder(pad(rows, max(map(len, rows)) + extra))
    for row, vector in zip(rows, together, strict=True):
        alone = encoder(pad([row], len(row)))[0]
        torch.testing.assert_close(vector, alone, atol=1e-6, rtol=1e-5)


@given(rows=questions, random=st.randoms())
def test_a_vector_does_not_depend_on_the_order(encoder, rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    ids = pad(rows, 7)
    torch.testing.assert_close(encoder(ids[order]), encoder(ids)[order], atol=1e-6, rtol=1e-5)


def test_without_masking_a_vector_depends_on_its_batch():
    """The notebook's fault; should it vanish, `masked` has no meaning left."""
    encoder = SiameseModel(12, 6, "predict", masked=False).processor
    difference = encoder(pad([[2, 3]], 2)) - encoder(pad([[2, 3]], 8))
    assert difference.abs().max() > 1e-4


def test_a_row_of_padding_is_zero_and_finite(encoder):
    assert encoder(pad([[]], 3)).eq(0).all()


def test_one_set_of_weights_one_gradient():
    siamese = SiameseModel(12, 6)
    v1, v2 = siamese.model(pad([[2, 3]], 2), pad([[4]], 1))
    (v1 * v2).sum().backward()
    table = siamese.processor.sublayers[0].weight
    used = table.grad.abs().sum(dim=1) > 0
    assert used.nonzero().flatten().tolist() == [2, 3, 4]
    assert {id(p) for p in siamese.model.parameters()} == {
        id(p) for p in siamese.processor.parameters()
    }


def test_what_the_processor_learns_the_model_knows():
    siamese = SiameseModel(12, 6)
    ids = pad([[2, 3, 4]], 3)
    with torch.no_grad():
        siamese.processor.sublayers[0].weight.mul_(-2)
    torch.testing.assert_close(siamese.model(ids, ids)[0], siamese.processor(ids))


def test_modes():
    assert SiameseModel(9, 4).model.training
    assert not SiameseModel(9, 4, mode="eval").model.training
    ids = pad([[2]], 1)
    assert SiameseModel(9, 4).processor(ids).requires_grad
    assert not SiameseModel(9, 4, "eval").processor(ids).requires_grad
    fast = SiameseModel(9, 4, "predict")
    assert not fast.processor(ids).requires_grad
    assert not fast.model.training
    assert not fast.processor.training


def test_an_unknown_mode_is_refused():
    with pytest.raises(ConfigError, match="train, eval, predict, not 'fast'"):
        SiameseModel(9, 4, "fast")


def test_weights_leave_and_come_back_once():
    siamese, other = SiameseModel(9, 4), SiameseModel(9, 4)
    arrays = get_weights(siamese.processor)
    assert {name: array.shape for name, array in arrays.items()} == {
        "embedding.weight": (9, 4),
        "lstm.weight_ih": (16, 4),
        "lstm.weight_hh": (16, 4),
        "lstm.bias": (16,),
    }
    set_weights(other.processor, arrays)
    ids = pad([[2, 3, 8]], 3)
    torch.testing.assert_close(other.processor(ids), siamese.processor(ids))
    for array in arrays.values():
        array[:] = np.nan
    assert siamese.processor(ids).isfinite().all()
