"""Choice between exact and approximate search."""

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from gemel.errors import ConfigError, MissingExtraError
from gemel.neighbours.approximate import ApproximateNeighbours, Graph
from gemel.neighbours.exact import ExactNeighbours

NEIGHBOURS = ("auto", "exact", "approximate")
"""Search methods."""
EXACT_UP_TO = 250_000
"""Number of questions up to which `auto` is exact: about 12 ms and 256 MB at dimension 256."""
_SMALL = 500_000
_SMALL_WALK = 64
"""Expansion of searches among at most `_SMALL` questions: recall 99 % for the top-3, top-5 and
top-10 of 219,947."""
_WALK = 512
"""Expansion of searches among more: recall@10 99.5 % of a million."""


@dataclass(frozen=True)
class Choice:
    """A search method."""

    name: str
    """"exact", or "approximate", usearch's graph."""
    why: str
    """Reason for the choice."""
    make: Callable[[int], ExactNeighbours | ApproximateNeighbours]
    """Create an empty index of a dimension."""


def choose_neighbours(
    questions: int, kind: str = "auto", *, exact_up_to: int = EXACT_UP_TO
) -> Choice:
    """Choose a search method for a number of questions.

    Args:
        questions: number of questions.
        kind: one of `NEIGHBOURS`.
        exact_up_to: number of questions up to which "auto" is exact.

    Raises:
        ConfigError: an unknown method.
        MissingExtraError: "approximate" without usearch.
    """
    if kind not in NEIGHBOURS:
        raise ConfigError(f"neighbours must be one of {', '.join(NEIGHBOURS)}, not {kind!r}")
    installed = importlib.util.find_spec("usearch") is not None
    if kind == "approximate" and not installed:
        raise MissingExtraError("approximate search", "ann")
    if kind == "exact":
        return Choice("exact", "asked for", ExactNeighbours)
    graph = Graph(expansion_search=_SMALL_WALK if questions <= _SMALL else _WALK)
    make_graph = functools.partial(ApproximateNeighbours, graph=graph)
    if kind == "approximate":
        return Choice("approximate", "asked for", make_graph)
    if questions <= exact_up_to:
        why = f"up to {exact_up_to:,} questions it is fast to compare with every one"
        return Choice("exact", why, ExactNeighbours)
    if installed:
        why = f"above {exact_up_to:,} questions a graph is faster, and misses few"
        return Choice("approximate", why, make_graph)
    why = (
        f"usearch is not here, which is faster above {exact_up_to:,} questions: "
        "pip install 'gemel[ann]'"
    )
    return Choice("exact", why, ExactNeighbours)
