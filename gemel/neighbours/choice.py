"""What finds the nearest questions of a corpus, and why."""

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from gemel.errors import ConfigError, MissingExtraError
from gemel.neighbours.approximate import ApproximateNeighbours, Graph
from gemel.neighbours.exact import ExactNeighbours

NEIGHBOURS = ("auto", "exact", "approximate")
"""What may be asked for."""
EXACT_UP_TO = 250_000
"""Questions up to which `auto` compares with every one: some 12 ms, and 256 MB at 256 numbers."""
_SMALL = 500_000
_SMALL_WALK = 64
"""Questions that a search weighs at least where there are up to `_SMALL`: it finds 99 % of the 3,
of the 5 and of the 10 nearest of 219,947."""
_WALK = 512
"""Where there are more: of the 10 nearest of a million it finds 99.5 %."""


@dataclass(frozen=True)
class Choice:
    """How neighbours are found."""

    name: str
    """"exact": compares with every question; "approximate": walks usearch's graph."""
    why: str
    """What speaks for it."""
    make: Callable[[int], ExactNeighbours | ApproximateNeighbours]
    """Makes one without questions, of the numbers in a vector."""


def choose_neighbours(
    questions: int, kind: str = "auto", *, exact_up_to: int = EXACT_UP_TO
) -> Choice:
    """Choose what finds the nearest of so many questions, or what is asked for.

    Args:
        questions: how many there are.
        kind: one of `NEIGHBOURS`.
        exact_up_to: questions that "auto" compares with every one. What runs for days may well
            take minutes to make a graph for fewer.

    Raises:
        ConfigError: no such kind.
        MissingExtraError: "approximate" is asked for, and usearch is not installed.
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
