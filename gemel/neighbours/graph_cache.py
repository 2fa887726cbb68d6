"""A cache of the search graph of a store's vectors.

One line has the checksum of the rest, one line of JSON the origin; then usearch's file follows. It
is written atomically and may be deleted at any time.
"""

import dataclasses
import hashlib
import json
import mmap
import re
from pathlib import Path
from typing import NamedTuple

from gemel.files import new_file
from gemel.neighbours.approximate import ApproximateNeighbours, Graph

_FORMAT = 1
_FIRST_LINE = re.compile(rb"gemel neighbours (\d+) ([0-9a-f]{64})\n")
_BEGINNING = 65_536
"""Maximum length of both lines."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Origin of a search index."""

    store: str
    """Identity of the store."""
    model: str
    """Fingerprint of the model."""
    dim: int
    """Dimension of vectors."""
    generation: int
    """See `StoreState`."""
    sequence: int
    """Last change that is included."""


class Cached(NamedTuple):
    """Result of opening a cache."""

    neighbours: ApproximateNeighbours | None
    """None if it cannot be used."""
    sequence: int
    """Last change that is included."""
    problem: str
    """Why it cannot be used."""


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
    """Open a cache, if it is whole and of the same store and model.

    Args:
        path: the file.
        wanted: expected origin; the file may lack recent changes.
        graph: parameters of the graph.

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
        return _useless("there is none")
    except (OSError, ValueError) as error:  # a folder; an empty file
        return _useless(f"it cannot be read: {error}")


def _read(whole: memoryview, wanted: Origin, graph: Graph) -> Cached:
    beginning = bytes(whole[:_BEGINNING])
    first = _FIRST_LINE.match(beginning)
    if first is None:
        return _useless("it is damaged: it does not begin as it should")
    if int(first[1]) > _FORMAT:
        return _useless(f"a newer gemel wrote it, in format {int(first[1])}")
    with whole[first.end() :] as rest:
        if hashlib.sha256(rest).hexdigest().encode() != first[2]:
            return _useless("it is damaged: its checksum is another")
        end = beginning.index(b"\n", first.end()) + 1
        about = json.loads(beginning[first.end() : end])
        found = Origin(**about["origin"])
        problem = _difference(found, wanted)
        # How carefully it is walked is no matter of how it was made.
        made = {**about["graph"], "expansion_search": graph.expansion_search}
        if made != dataclasses.asdict(graph):
            problem = problem or "its graph was made with other settings"
        if problem:
            return _useless(problem)
        with whole[end:] as content:
            try:
                neighbours = ApproximateNeighbours(wanted.dim, graph, content=content)
            except RuntimeError as error:
                return _useless(f"usearch cannot read it: {error}")
    return Cached(neighbours, found.sequence, "")


def _difference(found: Origin, wanted: Origin) -> str:
    """Describe why an origin does not fit; empty if it does."""
    if found.store != wanted.store:
        return "it is of another store"
    if (found.model, found.dim) != (wanted.model, wanted.dim):
        return f"its vectors are of another model, {found.model:.12}"
    if found.generation != wanted.generation:
        return "all vectors were made anew since"
    if found.sequence > wanted.sequence:
        return "the store is older than it"
    return ""


def _useless(problem: str) -> Cached:
    return Cached(None, 0, problem)
