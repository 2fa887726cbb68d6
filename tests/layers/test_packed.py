import functools
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gemel.layers as tl
from gemel.compiled import find_library
from gemel.models import packed_encoder as packed
from gemel.models.packed_encoder import PackedRows, can_pack, read_packed

DEPTH = 5
some_lengths = st.lists(st.integers(0, 6), min_size=1, max_size=12).filter(any)

pytestmark = pytest.mark.skipif(
    find_library() is None, reason="installed without the compiled part"
)


@pytest.fixture(scope="session", params=range(packed._KINDS), ids=["plain", "avx2", "avx512"])
def as_on(request, library_with):
    """A context in which is computed as on one kind of processor, and then another."""
    library = library_with(1 << request.param)
    return functools.partial(
        mock.patch.multiple, packed, _kind=lambda: request.param, _library=lambda: library
    )


class Case:
    """Rows of words, of which some are in several places, and an LSTM to read them."""

    def __init__(self, lengths, units=4, seed=0, words=7):
        torch.manual_seed(seed)
        self.mask = np.arange(max(lengths) + 1) < np.array(lengths)[:, None]
        self.ids = torch.randint(words, self.mask.shape)
        self.vectors = torch.randn(words, DEPTH, requires_grad=True)
        self.cell = tl.LSTMCell(units)
        self.cell.bind(DEPTH)
        self.rows = PackedRows.of(self.mask)
        self.weights = torch.randn(len(lengths), units)
        self.learned = [self.vectors, *self.cell.parameters()]

    def packed(self, highest, backwards=False):
        """Read without padding."""
        places = self.rows.backwards if backwards else self.rows.forwards
        words = self.ids.numpy().reshape(-1)[places]
        return read_packed(self.cell, self.vectors, words, self.rows, highest=highest)

    def slowly(self, highest, backwards=False):
        """Read row by row, word by word."""
        pooled = []
        for ids, length in zip(self.ids, self.mask.sum(axis=1), strict=True):
            words = ids[:length].flip(0) if backwards else ids[:length]
            state = torch.zeros(1, 2 * self.cell.n_units)
            outputs = [torch.zeros(1, self.cell.n_units)] if not length else []
            for word in words:
                out, state = self.cell(self.vectors[word][None], state)
                outputs.append(out)
            row = torch.cat(outputs)
            pooled.append(row.amax(0) if highest else row.mean(0))
        return torch.stack(pooled)

    def gradients(self, pooled):
        """Return what comes out, and the gradients of a sum of it."""
        found = torch.autograd.grad((pooled * self.weights).sum(), self.learned)
        return [pooled.detach(), *found]


def assert_close(found, expected, share=1e-5):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=share * float(other.abs().max()), rtol=0)


@pytest.mark.parametrize("highest", [False, True])
@given(
    lengths=some_lengths, units=st.integers(1, 37), backwards=st.booleans(), seed=st.integers(0, 99)
)
@settings(max_examples=20)
def test_it_is_the_cell_word_by_word(as_on, highest, lengths, units, backwards, seed):
    case = Case(lengths, units, seed)
    expected = case.gradients(case.slowly(highest, backwards))
    with as_on():
        assert_close(case.gradients(case.packed(highest, backwards)), expected)


@pytest.mark.parametrize("highest", [False, True])
def test_bfloat16_is_close(as_on, highest):
    case = Case([3, 0, 9, 9, 1] * 20, units=40)
    expected = case.gradients(case.packed(highest))
    with as_on(), torch.autocast("cpu", torch.bfloat16):
        pooled = case.packed(highest)
        assert pooled.dtype == torch.float32
        found = case.gradients(pooled)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        # Which step's output is the highest is another one now and then.
        assert 0 < (one - other).norm() < (0.06 if highest else 0.03) * other.norm()


@pytest.mark.parametrize("is_short", [False, True])
def test_the_same_rows_give_the_same_bits(is_short):
    case = Case([5, 12, 0, 7] * 30, units=24)
    with torch.autocast("cpu", torch.bfloat16, enabled=is_short):
        runs = [case.gradients(case.packed(highest=False)) for _ in range(3)]
    for found in runs[1:]:
        assert all(torch.equal(one, other) for one, other in zip(found, runs[0], strict=True))


@given(some_lengths, st.integers(0, 99))
@settings(max_examples=25)
def test_a_row_does_not_depend_on_the_others(lengths, seed):
    case = Case(lengths, seed=seed)
    together = case.packed(highest=False)
    for row, length in enumerate(lengths):
        if length:
            alone = PackedRows.of(case.mask[row : row + 1])
            words = case.ids.numpy()[row, :length]
            found = read_packed(case.cell, case.vectors, words, alone, highest=False)
            torch.testing.assert_close(found[0], together[row], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("extreme", [1e4, -1e4])
def test_gates_that_are_wide_open_or_shut_learn_finite_numbers(extreme):
    case = Case([4, 2, 6])
    with torch.no_grad():
        case.cell.bias += extreme
    assert all(each.isfinite().all() for each in case.gradients(case.packed(highest=False)))


@pytest.mark.parametrize("highest", [False, True])
def test_what_is_no_number_comes_out_as_none(as_on, highest):
    case = Case([4, 2])
    with torch.no_grad():
        case.cell.bias[5] = torch.nan
    with as_on():
        assert all(each.isnan().any() for each in case.gradients(case.packed(highest)))


def test_it_is_for_the_cpu_and_where_it_was_compiled(monkeypatch):
    assert can_pack(torch.zeros(1))
    assert not can_pack(torch.zeros(1, device="meta"))
    monkeypatch.setattr(packed, "find_library", lambda: None)
    assert not can_pack(torch.zeros(1))
    with pytest.raises(RuntimeError, match="without its compiled part"):
        Case([2, 1]).packed(highest=False)
