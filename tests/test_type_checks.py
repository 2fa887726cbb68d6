import pytest
import torch
from beartype.roar import BeartypeCallHintParamViolation

from gemel.losses import in_batch_triplet_loss


@pytest.mark.parametrize(
    "vectors",
    [("one", "two"), (torch.ones(3), torch.ones(3)), (torch.ones(3, 2), torch.ones(4, 2))],
)
def test_tests_check_types_and_shapes(vectors):
    with pytest.raises(BeartypeCallHintParamViolation):
        in_batch_triplet_loss(*vectors)
