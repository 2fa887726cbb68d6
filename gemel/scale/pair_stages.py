"""Stages `pairs` and `verdicts`: what is near to each other in the cells of a bucket, judged."""

from collections.abc import Iterator

import numpy as np

from gemel.duplicates.bounded_pairs import BoundedPairs, ClosePairs
from gemel.duplicates.candidate_scores import score_pairs
from gemel.duplicates.candidates import pairs_in_cells
from gemel.scale.cell_stages import bucket_cells
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import Desk

_PAIRS = 1 << 19
"""Pairs of a part: what is judged at one time, however many a bucket has."""


def pairs(desk: Desk, bucket: int) -> dict[str, int]:
    """Find the close pairs of a bucket's cells; those of other buckets are others.

    Of far more than usual some are left out, bucket by bucket; see `BoundedPairs`.
    """
    found = desk.shelf.gather("assign", desk.shards, ["cells", "vector", "row", "template"], bucket)
    rows = found["row"]
    pairs = BoundedPairs(len(rows))
    for _ in pairs_in_cells(
        found["vector"],
        found["cells"],
        bucket_cells(desk, bucket),
        desk.manifest.run.floor,
        map,
        pairs,
        templates=found["template"],
    ):
        pass
    close = pairs.all()
    table = {"left": rows[close.left], "right": rows[close.right], "cosine": close.cosine}
    counts = {"pairs": len(close.left), "left_out": close.left_out}
    starts = range(0, max(1, len(close.left)), _PAIRS)
    parts = ({name: of[start : start + _PAIRS] for name, of in table.items()} for start in starts)
    desk.shelf.write("pairs", bucket, parts, counts)
    return counts


def verdicts(desk: Desk, bucket: int) -> dict[str, int]:
    """Report of a bucket's pairs how alike they are, and how likely the same."""
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
