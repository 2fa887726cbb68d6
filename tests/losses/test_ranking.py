import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.losses import in_batch_ranking_loss


def unit_vectors(count, dim, seed):
    torch.manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, dim), dim=1)


@given(
    groups=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    others=st.lists(st.integers(0, 5), max_size=4),
    seed=st.integers(0, 999),
)
@settings(max_examples=50)
def test_it_is_the_mean_cross_entropy_over_rows_and_sides(groups, others, seed):
    """Against a plain loop: who is known to ask the same is no candidate."""
    v1, v2 = unit_vectors(len(groups), 4, seed), unit_vectors(len(groups), 4, seed + 1)
    negatives = unit_vectors(len(others), 4, seed + 2)
    losses = []
    for here, there in ((v1, v2), (v2, v1)):
        for i, group in enumerate(groups):
            own = math.exp(7 * float(here[i] @ there[i]))
            total = own
            for j, other in enumerate(groups):
                if other != group:
                    total += math.exp(7 * float(here[i] @ there[j]))
            for j, other in enumerate(others):
                if other != group:
                    total += math.exp(7 * float(here[i] @ negatives[j]))
            losses.append(-math.log(own / total))
    found = in_batch_ranking_loss(
        v1,
        v2,
        torch.tensor(7.0),
        torch.tensor(groups),
        negatives,
        torch.tensor(others, dtype=torch.long),
    )
    assert found.item() == pytest.approx(sum(losses) / len(losses), abs=1e-5)


def test_gradients_reach_vectors_and_scale():
    v1, v2 = (unit_vectors(3, 4, seed).requires_grad_() for seed in (0, 1))
    scale = torch.tensor(5.0, requires_grad=True)
    nobody = torch.zeros(0, 4)
    loss = in_batch_ranking_loss(
        v1, v2, scale, torch.arange(3), nobody, torch.zeros(0, dtype=torch.long)
    )
    loss.backward()
    assert v1.grad.any()
    assert v2.grad.any()
    assert scale.grad.isfinite()
    assert scale.grad != 0
