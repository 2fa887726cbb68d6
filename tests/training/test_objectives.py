import math

import numpy as np
import pytest
import torch

from gemel.config import TrainingConfig
from gemel.data import Batch
from gemel.losses import in_batch_ranking_loss, in_batch_triplet_loss
from gemel.models import PairHead
from gemel.training.gradients import objective_of

BATCH = Batch(
    inputs=(np.zeros((8, 1), np.int64),),
    groups=np.array([0, 1, 2]),
    negative_groups=np.array([5, 6]),
    negative_anchors=np.array([0, 2]),
    labelled=np.array([False, True, False]),
)


@pytest.fixture
def vectors():
    torch.manual_seed(0)
    return torch.nn.functional.normalize(torch.randn(8, 6), dim=1)


def test_triplet_is_the_notebooks(vectors):
    v1, v2, negatives = vectors.split([3, 3, 2])
    expected = in_batch_triplet_loss(v1, v2, 0.4, torch.arange(3), negatives, torch.tensor([5, 6]))
    assert objective_of(TrainingConfig(margin=0.4), None)(vectors, BATCH) == expected


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("has_head", [False, True])
def test_joint_is_ranking_and_the_labelled_pairs_one_by_one(vectors, noise, has_head):
    """Rows 0 and 2 represent labelled negatives: only row 1 is a labelled duplicate."""
    head = PairHead(6, 4).eval() if has_head else None
    objective = objective_of(TrainingConfig(loss="joint", label_noise=noise), head)
    v1, v2, negatives = vectors.split([3, 3, 2])
    ranking = in_batch_ranking_loss(
        v1, v2, torch.tensor(16.0), torch.arange(3), negatives, torch.tensor([5, 6])
    ).item()
    pairs = [(v1[1], v2[1], 1), (v1[0], negatives[0], 0), (v1[2], negatives[1], 0)]

    def surprise(logit, label):
        target = label * (1 - noise) + (1 - label) * noise
        likely = 1 / (1 + math.exp(-logit))
        return -target * math.log(likely) - (1 - target) * math.log(1 - likely)

    by_cosine = [surprise(6 * float(u @ v) - 3, label) for u, v, label in pairs]
    expected = ranking + sum(by_cosine) / 3
    if head is not None:
        by_head = [surprise(head(u[None], v[None]).item(), label) for u, v, label in pairs]
        expected += sum(by_head) / 3
    assert objective(vectors, BATCH).item() == pytest.approx(expected, abs=1e-5)


def test_the_head_is_no_part_of_the_objective():
    objective = objective_of(TrainingConfig(loss="joint"), PairHead(6, 4))
    assert {name for name, _ in objective.named_parameters()} == {"log_scale", "slope", "intercept"}
