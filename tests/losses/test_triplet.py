import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gemel.losses import in_batch_triplet_loss, triplet_loss


def unit_vectors(rows, dim, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(rows, dim, generator=generator))


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def slow_triplet(anchors, positives, negatives, margin):
    losses = []
    for a, p, n in zip(anchors, positives, negatives, strict=True):
        near = sum((x - y) ** 2 for x, y in zip(a, p, strict=True))
        far = sum((x - y) ** 2 for x, y in zip(a, n, strict=True))
        losses.append(max(near - far + margin, 0))
    return sum(losses) / len(losses)


def slow_in_batch(v1, v2, margin, groups):
    losses = []
    for i, anchor in enumerate(v1):
        others = [cosine(anchor, v2[j]) for j in range(len(v2)) if groups[j] != groups[i]]
        if others:
            short = margin - cosine(anchor, v2[i])
            closest, mean = max(others), sum(others) / len(others)
            losses.append(max(0, short + closest) + max(0, short + mean))
    return sum(losses) / len(losses)


@given(rows=st.integers(1, 6), seed=st.integers(0, 999), margin=st.floats(0, 2))
def test_triplets_against_the_plain_formula(rows, seed, margin):
    a, p, n = (unit_vectors(rows, 4, seed + side) for side in range(3))
    expected = slow_triplet(a.tolist(), p.tolist(), n.tolist(), margin)
    assert triplet_loss(a, p, n, margin).item() == pytest.approx(expected, abs=1e-5)


@given(
    groups=st.lists(st.integers(0, 3), min_size=2, max_size=7).filter(lambda g: len(set(g)) > 1),
    seed=st.integers(0, 999),
    margin=st.floats(0.01, 1),
)
def test_in_batch_against_a_double_loop(groups, seed, margin):
    v1, v2 = unit_vectors(len(groups), 4, seed), unit_vectors(len(groups), 4, seed + 1)
    expected = slow_in_batch(v1.tolist(), v2.tolist(), margin, groups)
    found = in_batch_triplet_loss(v1, v2, margin, torch.tensor(groups))
    assert found.item() == pytest.approx(expected, abs=1e-5)


def test_without_groups_every_other_row_is_a_negative():
    v1, v2 = unit_vectors(5, 4, 1), unit_vectors(5, 4, 2)
    expected = slow_in_batch(v1.tolist(), v2.tolist(), 0.25, range(5))
    assert in_batch_triplet_loss(v1, v2).item() == pytest.approx(expected, abs=1e-6)


def test_a_known_duplicate_is_never_pushed_away():
    """Rows 0 and 1 are of one group and equal: unmasked they would be the worst negative."""
    v = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert in_batch_triplet_loss(v, v).item() > 0
    assert in_batch_triplet_loss(v, v, groups=torch.tensor([4, 4, 9])).item() == 0


def test_a_row_without_negatives_does_not_count():
    v1, v2 = unit_vectors(3, 4, 5), unit_vectors(3, 4, 6)
    everything = in_batch_triplet_loss(v1, v2, groups=torch.tensor([0, 0, 1]))
    assert everything.isfinite()
    everything_but = slow_in_batch(v1.tolist(), v2.tolist(), 0.25, [0, 0, 1])
    assert everything.item() == pytest.approx(everything_but, abs=1e-6)


@pytest.mark.parametrize("groups", [torch.tensor([3]), torch.tensor([3, 3])])
def test_a_batch_without_any_negative_is_refused(groups):
    v = unit_vectors(len(groups), 4, 0)
    with pytest.raises(ValueError, match="two duplicate groups at least"):
        in_batch_triplet_loss(v, v, groups=groups)


def test_gradient_is_finite_everywhere():
    v1, v2 = (unit_vectors(4, 3, seed).requires_grad_() for seed in (1, 2))
    in_batch_triplet_loss(v1, v2, groups=torch.tensor([0, 0, 0, 1])).backward()
    assert v1.grad.isfinite().all()
    assert v2.grad.isfinite().all()


def test_minimising_pulls_duplicates_together():
    """The page reports that the loss is maximised; it is not."""
    a, p, n = (unit_vectors(1, 4, seed) for seed in range(3))
    a = a.clone().requires_grad_()
    before = triplet_loss(a, p, n, 2.0)
    before.backward()
    after = a.detach() - 0.1 * a.grad
    assert (after - p).norm() - (after - n).norm() < (a - p).norm() - (a - n).norm()


@given(rows=st.integers(1, 4), more=st.integers(1, 4), seed=st.integers(0, 999))
def test_further_negatives_are_candidates_for_every_row(rows, more, seed):
    v1, v2, others = (unit_vectors(n, 4, seed + i) for i, n in enumerate((rows, rows, more)))
    groups, other_groups = list(range(rows)), [n % 2 + rows - 1 for n in range(more)]
    losses = []
    for i in range(rows):
        candidates = [(v2[j], groups[j]) for j in range(rows)]
        candidates += [(others[j], other_groups[j]) for j in range(more)]
        scores = [cosine(v1[i], v).item() for v, group in candidates if group != groups[i]]
        if scores:
            short = 0.25 - cosine(v1[i], v2[i]).item()
            losses.append(max(0, short + max(scores)) + max(0, short + sum(scores) / len(scores)))
    if losses:
        found = in_batch_triplet_loss(
            v1, v2, 0.25, torch.tensor(groups), others, torch.tensor(other_groups)
        )
        assert found.item() == pytest.approx(sum(losses) / len(losses), abs=1e-5)
