"""Which pairs hang together, so that no question is on both sides of a split."""

from typing import Any

import numpy as np
from jaxtyping import Int32
from sklearn.utils import check_array

from gemel.data import PairGraph, Pairs
from gemel.sklearn.estimator_inputs import AS_TEXTS, two_sides


def question_groups(X: Any) -> Int32[np.ndarray, "pairs"]:  # noqa: N803
    """Give each pair the number of its connected component, for scikit-learn's `groups=`.

    Two pairs have one number if they share a question, or if other pairs link them. Without
    groups, scikit-learn's splits put a question into training and test at once, which flatters
    every model; `GroupKFold`, `StratifiedGroupKFold` and `GroupShuffleSplit` heed them. Where near
    misses link all pairs there is one group only: then `QuestionKFold` cuts it.

    Args:
        X: pairs of questions, of shape (n, 2), as `DuplicateClassifier` takes them.

    Raises:
        ValueError: not of two columns, or something is no text.
    """
    left, right = two_sides(check_array(X, **AS_TEXTS))
    graph = PairGraph.of(Pairs.of(left, right, [False] * len(left)))
    groups: Int32[np.ndarray, "pairs"] = graph.components[graph.left]
    return groups
