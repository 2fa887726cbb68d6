"""Groups and folds that keep a question on one side."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Int, Int32
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_array

from gemel.config import require_whole
from gemel.data import PairGraph, Pairs, split_by_component
from gemel.errors import DataError
from gemel.sklearn.estimator_inputs import AS_TEXTS, same_or_not, seed_of, two_sides


def question_groups(X: Any) -> Int32[np.ndarray, "pairs"]:  # noqa: N803
    """Return each pair the number of its connected component, for scikit-learn's `groups=`.

    Splits without groups put a question into training and test at once, which flatters every
    model. Where near misses link all pairs into one group, use `QuestionKFold`.

    Args:
        X: pairs of questions, of shape (n, 2), as `DuplicateClassifier` takes them.
    """
    left, right = two_sides(check_array(X, **AS_TEXTS))
    graph = PairGraph.of(Pairs.of(left, right, [False] * len(left)))
    groups: Int32[np.ndarray, "pairs"] = graph.components[graph.left]
    return groups


class QuestionKFold(BaseCrossValidator):  # type: ignore[misc]
    """Folds as `gemel split --folds` makes them: `cross_val_score(clf, X, y, cv=QuestionKFold())`.

    Pairs that are linked by shared questions stay together. A component above 5 % of the pairs is
    cut between its duplicate groups; pairs that then link two folds are in no test, and in no
    training for a test on one of their questions. A warning counts them.

    Args:
        n_splits: number of folds.
        random_state: seed of the split; None is 0.
    """

    def __init__(self, n_splits: int = 5, *, random_state: Any = None):
        self.n_splits = require_whole("n_splits, the number of folds,", n_splits, 2, 1000)
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: N803
        """Return the number of folds."""
        return self.n_splits

    def split(
        self,
        X: Any,  # noqa: N803
        y: Any = None,
        groups: Any = None,
    ) -> Iterator[tuple[Int[np.ndarray, "training"], Int[np.ndarray, "test"]]]:
        """Yield the numbers of training pairs and of test pairs of each fold."""
        if y is None:
            raise ValueError("QuestionKFold needs y: duplicate groups are known by their labels")
        left, right = two_sides(check_array(X, **AS_TEXTS))
        pairs = Pairs.of(left, right, same_or_not(np.asarray(y))[1])
        shares = [1 / self.n_splits] * self.n_splits
        found = split_by_component(PairGraph.of(pairs), shares, seed_of(self.random_state) or 0)
        parts = found.parts
        if not all((parts == part).any() for part in range(self.n_splits)):
            raise DataError(
                f"the {len(pairs):,} pairs hang together in {found.units:,} components or "
                f"duplicate groups, too few for {self.n_splits} folds; ask for fewer"
            )
        if found.crossing_pairs:
            warnings.warn(
                f"{found.crossing_pairs:,} of {len(pairs):,} pairs are in no test: they link two "
                "folds, in a component that is too large to keep whole",
                UserWarning,
                stacklevel=2,
            )
        for part in range(self.n_splits):
            yield np.flatnonzero(found.outside(part)), np.flatnonzero(parts == part)
