"""Approximate nearest-neighbour search by usearch's graph, and a cache file of the graph.

One line of the file has the checksum of the rest, one line of JSON the origin; then usearch's file
follows. It is written atomically and may be deleted at any time.
"""

import dataclasses
import hashlib
import json
import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64

from gemel.errors import MissingExtraError
from gemel.files import new_file
from gemel.inference import one_compute_thread
from gemel.neighbours.base import (
    Candidates,
    Hits,
    SharedLock,
    exact_cosines,
    missing_key,
    rank,
    require_dim,
    require_k,
)

_BATCH = 4
"""Questions added or queries searched at a time: usearch holds the interpreter for milliseconds."""
_PICKED = 8192
"""Questions of a subset that are compared together."""
_ROUNDING = 1e-3
"""Upper bound of the error of usearch's cosines."""
_LOOKED = 16
"""Factor by which a search looks for more neighbours than requested."""
_WIDER = 4
"""Factor by which a search widens when too few hits are in the subset."""
_FORMAT = 1
_FIRST_LINE = re.compile(rb"gemel neighbours (\d+) ([0-9a-f]{64})\n")
_HEADER = 65_536
"""Maximum length of the cache's first two lines."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Parameters of the graph; higher is slower and misses less."""

    connectivity: int = 16
    """Links of each question (twice as many on the ground level)."""
    expansion_add: int = 128
    """Candidates examined to link a new question."""
    expansion_search: int = 512
    """Candidates examined in a search."""


class ApproximateNeighbours:
    """Searches a graph, and may miss some neighbours; see `Neighbours`.

    It takes 2 bytes a number and about 150 a question; search time hardly grows with the number of
    questions. Cosines are those of `ExactNeighbours`. `content` is the result of `content()` of an
    index with the same `dim` and `graph`.

    Raises:
        MissingExtraError: usearch is not installed.
    """

    def __init__(self, dim: int, graph: Graph | None = None, *, content: memoryview | None = None):
        try:
            from usearch.index import Index
        except ModuleNotFoundError as error:
            raise MissingExtraError("approximate search", "ann") from error
        self.dim = dim
        self.graph = graph or Graph()
        # usearch holds Python's lock through a call, so nothing is lost by one call at a time; and
        # its searches share their working memory, should another version release the lock.
        self._lock = SharedLock()
        # Never `view`: a mapped index is read-only. `expansion_search` is set here, once: changing
        # it after loading broke searches in threads.
        self._index: Any = Index(ndim=dim, metric="ip", dtype="f16", **vars(self.graph))
        if content is not None:
            self._index.load(content)

    def content(self) -> bytearray:
        """Return the whole index as bytes."""
        with self._lock.alone():
            found: bytearray = self._index.save(None)
        return found

    def __len__(self) -> int:
        return len(self._index)

    def put(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """See `Neighbours`."""
        require_dim(vectors, self.dim)
        rows = np.array(list({key: row for row, key in enumerate(keys.tolist())}.values()), int)
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            with self._lock.alone():
                self._index.remove(keys[batch], threads=1)
                # With more threads some questions end up where no search finds them.
                self._index.add(keys[batch], vectors[batch].astype(np.float16), threads=1)

    def remove(self, keys: Int64[np.ndarray, "questions"]) -> None:
        """See `Neighbours`."""
        with self._lock.alone():
            self._index.remove(keys, threads=1)

    def search(
        self,
        queries: Float32[np.ndarray, "queries dim"],
        k: int,
        *,
        among: Int64[np.ndarray, "some"] | None = None,
    ) -> Hits:
        """See `Neighbours`."""
        require_dim(queries, self.dim)
        require_k(k)
        some = None if among is None else np.unique(among)
        parts = []
        for start in range(0, max(len(queries), 1), _BATCH):
            batch = queries[start : start + _BATCH]
            with self._lock.alone():
                if some is not None:
                    some = some[self._index.contains(some)]
                parts.append(self._walk(batch, k) if some is None else self._among(batch, k, some))
        return Hits(*map(np.concatenate, zip(*parts, strict=True)))

    def vectors(self, keys: Int64[np.ndarray, "questions"]) -> Float16[np.ndarray, "questions dim"]:
        """See `Neighbours`."""
        with self._lock.alone():
            there = self._index.contains(keys)
            if not there.all():
                raise missing_key(int(keys[~there][0]))
            return self._take(keys)

    def _walk(self, queries: Float32[np.ndarray, "queries dim"], k: int) -> Hits:
        if k < len(self):
            rows, keys = self._nearest(queries, k)
            if (np.bincount(rows, minlength=len(queries)) >= k).all():
                return self._rank(queries, k, rows, keys)
        # After removals the graph may have no way to some; there may also be no more than k.
        return self._compare(queries, k, self._index.keys[:].astype(np.int64))

    def _among(
        self, queries: Float32[np.ndarray, "queries dim"], k: int, some: Int64[np.ndarray, "some"]
    ) -> Hits:
        """Search the graph until enough hits are in `some`, unless comparing all is less work."""
        wanted = min(k, len(some))
        looked = -(-2 * k * len(self) // max(len(some), 1))
        while looked < len(some):
            rows, keys = self._nearest(queries, looked)
            inside = np.isin(keys, some)
            rows, keys = rows[inside], keys[inside]
            if (np.bincount(rows, minlength=len(queries)) >= wanted).all():
                return self._rank(queries, k, rows, keys)
            looked *= _WIDER
        return self._compare(queries, k, some)

    def _nearest(
        self, queries: Float32[np.ndarray, "queries dim"], count: int
    ) -> tuple[Int64[np.ndarray, "found"], Int64[np.ndarray, "found"]]:
        """Return query rows and keys found by the graph: `count` per query, and ties.

        Many times as many are requested, and `expansion_search` at least: a search is exact only
        among those it examines, and usearch rounds the query to float16.
        """
        wanted = max(_LOOKED * count, self.graph.expansion_search)
        found = self._index.search(queries, wanted, threads=1)
        keys = []
        for each in [found] if len(queries) == 1 else found:  # of one query usearch gives no list
            last = each.distances[:count].max(initial=-np.inf)
            keys.append(each.keys[each.distances <= last + _ROUNDING].astype(np.int64))
        rows = np.repeat(np.arange(len(queries)), np.array([len(each) for each in keys], int))
        return rows, np.concatenate([*keys, np.zeros(0, np.int64)])

    def _compare(
        self, queries: Float32[np.ndarray, "queries dim"], k: int, keys: Int64[np.ndarray, "some"]
    ) -> Hits:
        candidates = Candidates(len(queries), k)
        for start in range(0, len(keys), _PICKED):
            slots = np.arange(start, min(start + _PICKED, len(keys)))
            with one_compute_thread():
                cosines = queries @ self._take(keys[slots]).astype(np.float32).T
            candidates.look(cosines, slots)
        return self._rank(queries, k, candidates.rows, keys[candidates.slots])

    def _rank(
        self,
        queries: Float32[np.ndarray, "queries dim"],
        k: int,
        rows: Int64[np.ndarray, "found"],
        keys: Int64[np.ndarray, "found"],
    ) -> Hits:
        return rank(len(queries), k, rows, keys, exact_cosines(queries, rows, self._take(keys)))

    def _take(self, keys: Int64[np.ndarray, "some"]) -> Float16[np.ndarray, "some dim"]:
        vectors = np.empty((len(keys), self.dim), np.float16)
        for row, vector in enumerate(self._index.get(keys)):
            vectors[row] = vector
        return vectors


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Origin of a search index."""

    store: str
    """Identity of the store."""
    model: str
    """Fingerprint of the model."""
    dim: int
    generation: int
    """See `StoreState`."""
    sequence: int
    """Last change that is included."""


class Cached(NamedTuple):
    """Result of opening a cache."""

    neighbours: ApproximateNeighbours | None
    sequence: int
    """Last change that is included."""
    problem: str
    """Why it cannot be used; empty if it can."""


def save_cache(path: Path, neighbours: ApproximateNeighbours, origin: Origin) -> None:
    """Write an index and its origin to a file, atomically; needs memory of the file's size.

    Raises:
        OSError: the file cannot be written; the old one stays.
    """
    about = {"origin": dataclasses.asdict(origin), "graph": dataclasses.asdict(neighbours.graph)}
    line = json.dumps(about).encode() + b"\n"
    content = neighbours.content()
    digest = hashlib.sha256(line)
    digest.update(content)
    with new_file(path) as stream:
        stream.write(f"gemel neighbours {_FORMAT} {digest.hexdigest()}\n".encode())
        stream.write(line)
        stream.write(content)


def open_cache(path: Path, wanted: Origin, graph: Graph) -> Cached:
    """Open a cache, if it is whole and of the same store and model; it may lack recent changes.

    Raises:
        MissingExtraError: usearch is not installed.
    """
    try:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as file,
            memoryview(file) as whole,
        ):
            return _read(whole, wanted, graph)
    except FileNotFoundError:
        return _unusable("there is none")
    except (OSError, ValueError) as error:  # a folder; an empty file
        return _unusable(f"it cannot be read: {error}")


def _read(whole: memoryview, wanted: Origin, graph: Graph) -> Cached:
    header = bytes(whole[:_HEADER])
    first = _FIRST_LINE.match(header)
    if first is None:
        return _unusable("it is damaged: it does not begin as it should")
    if int(first[1]) > _FORMAT:
        return _unusable(f"a newer gemel wrote it, in format {int(first[1])}")
    with whole[first.end() :] as rest:
        if hashlib.sha256(rest).hexdigest().encode() != first[2]:
            return _unusable("it is damaged: its checksum is another")
    end = header.index(b"\n", first.end()) + 1
    about = json.loads(header[first.end() : end])
    found = Origin(**about["origin"])
    problem = _difference(found, wanted)
    # The graph does not depend on how it is searched.
    made = {**about["graph"], "expansion_search": graph.expansion_search}
    if made != dataclasses.asdict(graph):
        problem = problem or "its graph was made with other settings"
    if problem:
        return _unusable(problem)
    with whole[end:] as content:
        try:
            neighbours = ApproximateNeighbours(wanted.dim, graph, content=content)
        except RuntimeError as error:
            return _unusable(f"usearch cannot read it: {error}")
    return Cached(neighbours, found.sequence, "")


def _difference(found: Origin, wanted: Origin) -> str:
    """Describe why an origin does not fit; empty if it does."""
    if found.store != wanted.store:
        return "it is of another store"
    if (found.model, found.dim) != (wanted.model, wanted.dim):
        return f"its vectors are of another model, {found.model:.12}"
    if found.generation != wanted.generation:
        return "all vectors were made anew since"
    return "the store is older than it" if found.sequence > wanted.sequence else ""


def _unusable(problem: str) -> Cached:
    return Cached(None, 0, problem)
