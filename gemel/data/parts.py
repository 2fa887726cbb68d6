"""The files that the pairs of one file go into: where they may be, and what is in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int

from gemel.data.duplicate_graph import PairGraph, first_copies
from gemel.data.pairs import Pairs
from gemel.errors import DataError
from gemel.files import check_writable


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file that was written."""

    path: str
    pairs: int
    duplicates: int
    """Pairs labelled 1."""
    questions: int
    """Different ones, once cleaned."""
    shared_questions: int
    """Those that stand in another part too, as they are or as a copy; of a split, none."""

    @property
    def prevalence(self) -> float:
        """Share of pairs labelled 1."""
        return self.duplicates / self.pairs


def require_empty(out: Path) -> None:
    """Find out, before long work, whether a new folder can be made.

    Raises:
        DataError: it is the current folder, or holds something.
        OSError: nothing can be written there.
    """
    if out.is_dir() and out.resolve() == Path.cwd():
        raise DataError("is the current folder; name one inside it", path=out)
    if out.is_dir() and any(out.iterdir()):
        raise DataError("holds something already; name a new folder", path=out)
    check_writable(out)


def describe_parts(
    paths: list[str], pairs: Pairs, graph: PairGraph, part_of: Int[np.ndarray, "pairs"]
) -> Iterator[Part]:
    """Describe each part of some pairs.

    Args:
        paths: the file of each part.
        pairs: all pairs.
        graph: theirs.
        part_of: which part each pair is in; `NOWHERE` if in none.
    """
    members = np.zeros((len(paths), len(graph.questions)), bool)
    for part in range(len(paths)):
        here = part_of == part
        members[part, graph.left[here]] = members[part, graph.right[here]] = True
    copies = first_copies(graph.questions)
    as_one = np.zeros_like(members)
    for part in range(len(paths)):
        as_one[part, copies[members[part]]] = True
    shared: Bool[np.ndarray, "questions"] = (as_one.sum(axis=0) > 1)[copies]
    for part, path in enumerate(paths):
        here = part_of == part
        yield Part(
            path=path,
            pairs=int(here.sum()),
            duplicates=int(pairs.labels[here].sum()),
            questions=int(members[part].sum()),
            shared_questions=int((members[part] & shared).sum()),
        )
