"""Stages `pairs` and `verdicts`: what lies near to each other in the cells of a bucket, judged."""

from collections.abc import Iterator

import numpy as np

from gemel.scale.cutting import bucket_cells
from gemel.scale.desk import Desk
from gemel.scale.shelf import Columns
from gemel.search.candidates import ClosePairs, pairs_in_cells
from gemel.search.scoring import score_pairs

__all__ = ["pairs", "verdicts"]

_PAIRS = 1 << 19
"""Pairs of a part: what is at hand at one time, however many a bucket has."""


def pairs(desk: Desk, bucket: int) -> dict[str, int]:
    """Find the close pairs of a bucket's cells; those of other buckets are others."""
    found = desk.shelf.gather("assign", desk.shards, ["cells", "vector", "row"], bucket)
    rows, floor = found["row"], desk.manifest.run.floor
    counts = {"pairs": 0}

    def parts() -> Iterator[Columns]:
        waiting: list[ClosePairs] = []
        cells = bucket_cells(desk, bucket)
        for some, done, tasks in pairs_in_cells(found["vector"], found["cells"], cells, floor, map):
            waiting.append(some)
            if done == tasks or sum(len(each.left) for each in waiting) >= _PAIRS:
                joined = ClosePairs.joined(waiting)
                counts["pairs"] += len(joined.left)
                yield {
                    "left": rows[joined.left],
                    "right": rows[joined.right],
                    "cosine": joined.cosine,
                }
        if not counts["pairs"]:
            none = np.zeros(0, np.int32)
            yield {"left": none, "right": none, "cosine": np.zeros(0, np.float32)}

    desk.shelf.write("pairs", bucket, parts(), counts)
    return counts


def verdicts(desk: Desk, bucket: int) -> dict[str, int]:
    """Say of a bucket's pairs how alike they are, and how likely the same."""
    engine = desk.engine
    names = ["row", "vector", *(["text"] if engine.reads_letters else [])]
    found = desk.shelf.gather("assign", desk.shards, names, bucket)
    rows, vectors = found["row"], found["vector"]
    texts = found["text"] if engine.reads_letters else [""] * len(rows)
    counts = {"pairs": 0}

    def parts() -> Iterator[Columns]:
        for part in desk.shelf.parts("pairs", bucket, ["left", "right", "cosine"]):
            left, right = (
                np.searchsorted(rows, part[side]).astype(np.int32) for side in ("left", "right")
            )
            close = ClosePairs(left, right, part["cosine"])
            scored = score_pairs(engine, close, texts, vectors)
            counts["pairs"] += len(scored)
            yield part | {"similarity": scored.similarity, "probability": scored.probability}

    desk.shelf.write("verdicts", bucket, parts(), counts)
    return counts
