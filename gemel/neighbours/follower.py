"""Choice between exact and approximate search, and search that follows a store."""

import functools
import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gemel.errors import ConfigError, MissingExtraError, StoreError
from gemel.neighbours.approximate import (
    ApproximateNeighbours,
    Graph,
    Origin,
    open_cache,
    save_cache,
)
from gemel.neighbours.base import Neighbours
from gemel.neighbours.exact import ExactNeighbours
from gemel.store.base import Store, StoreState
from gemel.text import Progress

NEIGHBOURS = ("auto", "exact", "approximate")
"""Search methods."""
EXACT_UP_TO = 250_000
"""Number of questions up to which `auto` is exact: about 12 ms and 256 MB at dimension 256."""
_EXACT_WHILE_SERVING = 20_000
"""Number of questions up to which exact search takes about a millisecond."""
_SMALL = 500_000
_SMALL_WALK = 64
"""Expansion of searches among at most `_SMALL` questions: recall 99 % for the top-3, top-5 and
top-10 of 219,947."""
_WALK = 512
"""Expansion of searches among more: recall@10 99.5 % of a million."""
_BATCH = 2048
"""Questions added to a graph at a time: some seconds."""


@dataclass(frozen=True)
class Choice:
    """A search method."""

    name: str
    """exact or approximate."""
    why: str
    """Reason for the choice."""
    make: Callable[[int], ExactNeighbours | ApproximateNeighbours]
    """Creates an empty index of a dimension."""


def choose_neighbours(
    questions: int, kind: str = "auto", *, exact_up_to: int = EXACT_UP_TO
) -> Choice:
    """Choose a search method, one of `NEIGHBOURS`, for a number of questions.

    Raises:
        ConfigError: an unknown method.
        MissingExtraError: "approximate" without usearch.
    """
    if kind not in NEIGHBOURS:
        raise ConfigError(f"neighbours must be one of {', '.join(NEIGHBOURS)}, not {kind!r}")
    installed = importlib.util.find_spec("usearch") is not None
    if kind == "approximate" and not installed:
        raise MissingExtraError("approximate search", "ann")
    is_exact = kind == "exact" or (kind == "auto" and not (installed and questions > exact_up_to))
    if kind != "auto":
        why = "asked for"
    elif questions <= exact_up_to:
        why = f"up to {exact_up_to:,} questions it is fast to compare with every one"
    elif installed:
        why = f"above {exact_up_to:,} questions a graph is faster, and misses few"
    else:
        why = (
            f"usearch is not here, which is faster above {exact_up_to:,} questions: "
            "pip install 'gemel[ann]'"
        )
    if is_exact:
        return Choice("exact", why, ExactNeighbours)
    graph = Graph(expansion_search=_SMALL_WALK if questions <= _SMALL else _WALK)
    return Choice("approximate", why, functools.partial(ApproximateNeighbours, graph=graph))


@dataclass
class Followed:
    """A search index and its state."""

    neighbours: Neighbours
    choice: Choice
    state: StoreState
    """State of the store when it was begun."""
    sequence: int = 0
    """Last change that is included."""


class Follower:
    """Keeps a search index up to date with a store; thread-safe.

    A search reads `neighbours` once: it is replaced when the store serves another model's vectors,
    or when `auto` switches to a graph.

    Args:
        store: the store.
        kind: one of `NEIGHBOURS`.
        serving: optimise for many fast queries: "auto" uses a graph for fewer questions; until
            `improve` has built it, search is exact.
        cache: file of a graph, to load and to `save`.

    Raises:
        ConfigError, MissingExtraError: see `choose_neighbours`.
        StoreError: the store cannot be read.
    """

    def __init__(
        self,
        store: Store,
        kind: str = "auto",
        *,
        serving: bool = False,
        cache: str | Path | None = None,
    ):
        self.store = store
        self.kind = kind
        self.serving = serving
        self.cache = None if cache is None else Path(cache)
        self.cache_problem = ""
        """Why the cache was not used; empty if it was."""
        self._cached: Origin | None = None
        self._lock = threading.Lock()
        self._followed = self._begin(store.state(), at_once=serving)

    @property
    def followed(self) -> Followed:
        """The current index with its state."""
        return self._followed

    @property
    def neighbours(self) -> Neighbours:
        """The current index."""
        return self._followed.neighbours

    @property
    def choice(self) -> Choice:
        """Search method, and the reason for it."""
        return self._followed.choice

    @property
    def sequence(self) -> int:
        """Last change of the store in `neighbours`."""
        return self._followed.sequence

    def catch_up(self, progress: Progress | None = None, *, wait: bool = True) -> bool:
        """Apply all changes of the store; `progress` counts questions.

        Returns:
            False: another thread does it, and `wait` is False.

        Raises:
            StoreError: the store cannot be read, or is damaged.
        """
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            self._catch_up(progress)
        finally:
            self._lock.release()
        return True

    def _catch_up(self, progress: Progress | None) -> None:
        followed, is_restarted = self._followed, False
        while True:
            state = self.store.state()
            if not self._can_follow(followed, state):
                followed = self._begin(state, at_once=self.serving)
            elif followed.sequence < state.sequence:
                self._apply(followed, state)
                if progress is not None:
                    progress("finding neighbours", len(followed.neighbours), state.questions)
            elif len(followed.neighbours) == state.questions:
                break
            elif is_restarted:
                raise StoreError(
                    f"the store reports that it holds {state.questions:,} questions, and gave "
                    f"{len(followed.neighbours):,}: put a backup in its place"
                )
            else:  # the store was replaced by a backup after the index was begun
                followed, is_restarted = _empty(state, followed.choice), True
        self._followed = followed

    def improve(self, progress: Progress | None = None) -> bool:
        """Build a missing graph while others work, and return whether one was built."""
        state = self.store.state()
        if self.choice.name == "approximate" or self._choose(state).name == "exact":
            return False
        graph = self._begin(state, at_once=False)
        while graph.sequence < state.sequence and self._can_follow(graph, state):
            self._apply(graph, state, most=_BATCH)
            if progress is not None:
                progress("making a graph", len(graph.neighbours), state.questions)
            state = self.store.state()
        with self._lock:
            self._followed = graph
            self._catch_up(None)
        return True

    def save(self) -> bool:
        """Write the cache, if it is out of date; see `save_cache`."""
        with self._lock:
            graph = self.neighbours
            origin = _origin(self._followed.state, self.sequence)
            if self.cache is None or not isinstance(graph, ApproximateNeighbours):
                return False
            if origin == self._cached:
                return False
            save_cache(self.cache, graph, origin)
            self._cached = origin
            return True

    def _can_follow(self, followed: Followed, state: StoreState) -> bool:
        """Return whether changes can be applied to this index."""
        before, now = (
            (each.identity, each.generation, each.dim) for each in (followed.state, state)
        )
        # A lower sequence: the store was replaced by a backup.
        if before != now or state.sequence < followed.sequence:
            return False
        if self.serving:  # `improve` builds the graph
            return True
        return (followed.choice.name, self._choose(state).name) != ("exact", "approximate")

    def _choose(self, state: StoreState) -> Choice:
        most = _EXACT_WHILE_SERVING if self.serving else EXACT_UP_TO
        return choose_neighbours(state.questions, self.kind, exact_up_to=most)

    def _begin(self, state: StoreState, *, at_once: bool) -> Followed:
        """Create an index, from the cache if possible, else without a graph if it is urgent."""
        choice = self._choose(state)
        empty = _empty(state, choice)
        if not isinstance(empty.neighbours, ApproximateNeighbours):
            return empty
        compared = Choice("exact", "the graph is being made", ExactNeighbours)
        begun = _empty(state, compared) if at_once else empty
        if self.cache is None:
            return begun
        cached = open_cache(self.cache, _origin(state, state.sequence), empty.neighbours.graph)
        self.cache_problem = cached.problem
        if cached.neighbours is None:
            return begun
        self._cached = _origin(state, cached.sequence)
        return Followed(cached.neighbours, choice, state, cached.sequence)

    def _apply(self, followed: Followed, state: StoreState, *, most: int = 65_536) -> None:
        """Apply some changes of the store."""
        changes = self.store.changes(followed.sequence, most=most)
        if changes.generation != state.generation:
            return  # seen when the state is read again
        if changes.until <= followed.sequence:
            raise StoreError(
                f"the store has come to change {state.sequence}, and gives none after "
                f"{followed.sequence}: put a backup in its place"
            )
        followed.neighbours.put(changes.keys, changes.vectors)
        followed.neighbours.remove(changes.removed)
        followed.sequence = changes.until


def _empty(state: StoreState, choice: Choice) -> Followed:
    return Followed(choice.make(state.dim), choice, state)


def _origin(state: StoreState, sequence: int) -> Origin:
    return Origin(
        store=state.identity,
        model=state.model,
        dim=state.dim,
        generation=state.generation,
        sequence=sequence,
    )
