"""Bootstrap over connected components."""

import numpy as np
from jaxtyping import Float

from gemel.data import PairGraph

_LARGEST = 0.05
"""Share of the pairs above which a component is sampled pair by pair."""


class Resampler:
    """Samples connected components with replacement.

    Pairs that share a question are dependent: sampled one by one they would make intervals too
    narrow. A component above 5 % of the pairs is sampled pair by pair.

    Args:
        graph: questions and their links.
        seed: random seed.

    Source: Field and Welsh, "Bootstrapping clustered data" (2007).
    """

    def __init__(self, graph: PairGraph, seed: int):
        component = graph.components[graph.left]
        pairs = len(component)
        sizes = np.bincount(component, minlength=1)
        alone = sizes[component] > max(_LARGEST * pairs, 1)
        units = np.where(alone, len(sizes) + np.arange(pairs), component)
        _, self._unit_of = np.unique(units, return_inverse=True)
        self._units = int(self._unit_of.max(initial=-1)) + 1
        self._random = np.random.default_rng(seed)

    def draw(self) -> Float[np.ndarray, "pairs"]:
        """Return the number of times each pair was sampled."""
        drawn = self._random.integers(self._units, size=self._units)
        counts = np.bincount(drawn, minlength=self._units).astype(np.float64)
        times: Float[np.ndarray, "pairs"] = counts[self._unit_of]
        return times
