"""Stages `pairs` and `verdicts`: neighbours in the cells of a bucket, scored."""

from collections.abc import Iterator

import numpy as np

from gemel.duplicates.bounded_pairs import BoundedPairs, ClosePairs
from gemel.duplicates.candidate_scores import score_pairs
from gemel.duplicates.candidates import pairs_in_cells
from gemel.scale.cell_stages import bucket_cells
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import TaskContext

_PAIRS = 1 << 19
"""Pairs scored at one time."""


def pairs(context: TaskContext, bucket: int) -> dict[str, int]:
    """Find the close pairs within a bucket's cells; see `BoundedPairs` for the limit."""
    found = context.tables.gather(
        "assign", context.shards, ["cells", "vector", "row", "template"], bucket
    )
    rows = found["row"]
    pairs = BoundedPairs(len(rows))
    for _ in pairs_in_cells(
        found["vector"],
        found["cells"],
        bucket_cells(context, bucket),
        context.manifest.run.floor,
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
    context.tables.write("pairs", bucket, parts, counts)
    return counts


def verdicts(context: TaskContext, bucket: int) -> dict[str, int]:
    """Score the pairs of a bucket."""
    engine = context.engine
    names = ["row", "vector", *(["text"] if engine.reads_letters else [])]
    found = context.tables.gather("assign", context.shards, names, bucket)
    rows, vectors = found["row"], found["vector"]
    texts = found["text"] if engine.reads_letters else [""] * len(rows)
    counts = {"pairs": 0}

    def parts() -> Iterator[Columns]:
        for part in context.tables.parts("pairs", bucket, ["left", "right", "cosine"]):
            left, right = (
                np.searchsorted(rows, part[side]).astype(np.int32) for side in ("left", "right")
            )
            close = ClosePairs(left, right, part["cosine"])
            scored = score_pairs(engine, close, texts, vectors)
            counts["pairs"] += len(scored)
            yield part | {"similarity": scored.similarity, "probability": scored.probability}

    context.tables.write("verdicts", bucket, parts(), counts)
    return counts
