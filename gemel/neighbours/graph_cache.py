"""A file that saves building the graph of a store's vectors anew.

A line with the checksum of all that follows; a line of JSON that gives of what the rest was made;
then what usearch wrote. It is put in place whole, so what it gives and what it holds cannot part.
It may be deleted at any time.
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
"""Bytes in which both lines end."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Of what neighbours were made."""

    store: str
    """Its identity."""
    model: str
    """Fingerprint of the model that made the vectors."""
    dim: int
    """Numbers in each."""
    generation: int
    """See `StoreState`."""
    sequence: int
    """All changes up to it are in them."""


class Cached(NamedTuple):
    """What came of opening a cache."""

    neighbours: ApproximateNeighbours | None
    """None: it is of no use."""
    sequence: int
    """All changes up to it are in them; those after it are still to be taken."""
    problem: str
    """Why it is of no use."""


def save_cache(path: Path, neighbours: ApproximateNeighbours, origin: Origin) -> None:
    """Write neighbours and their origin into a file, whole or not at all.

    It takes as much memory as the file is long.

    Raises:
        OSError: the file cannot be written; the old one stays.
    """
    about = {
        "origin": dataclasses.asdict(origin),
        "graph": dataclasses.asdict(neighbours.graph),
    }
    line = json.dumps(about).encode() + b"\n"
    content = neighbours.content()
    digest = hashlib.sha256(line)
    digest.update(content)
    with new_file(path) as stream:
        stream.write(f"gemel neighbours {_FORMAT} {digest.hexdigest()}\n".encode())
        stream.write(line)
        stream.write(content)


def open_cache(path: Path, wanted: Origin, graph: Graph) -> Cached:
    """Open a file of neighbours, if it is whole and of the same store and model.

    Args:
        path: where it may be.
        wanted: the origin of what is looked for; the file may lack the latest of its changes.
        graph: how the graph was to be made.

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
    """Report why what is found is no use for what is wanted; empty if it is."""
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
