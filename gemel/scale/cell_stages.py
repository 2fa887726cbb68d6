"""Stages `cells`, `assign`, `pairs` and `verdicts`: from vectors to scored pairs."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float16, Float32, Int, Int32

from gemel.duplicates.candidates import BoundedPairs, ClosePairs, pairs_in_cells, usable_rows
from gemel.duplicates.pipeline import score_pairs
from gemel.errors import ConfigError
from gemel.inference import available_cores
from gemel.neighbours.cells import CellPlan, Cells, choose_sample, plan_cells
from gemel.scale.copy_stages import drop_copies, templates_of
from gemel.scale.manifest import TaskContext, split_rows
from gemel.scale.parquet_shards import Columns, StageOutput

_PAIRS = 1 << 19
"""Pairs scored at one time."""


def cells(context: TaskContext, number: int) -> StageOutput:
    """Learn cells from a sample of the vectors, and group them into buckets.

    Neighbouring cells share a bucket, so that a question in several cells is in few buckets. A
    bucket has at most as many questions as a shard.

    Raises:
        ConfigError: the floor is so low that every pair would have to be compared.
    """
    sizes = [
        int((context.tables.counts("encode", shard) or {})["vectors"])
        for shard in range(context.shards)
    ]
    rows, run = sum(sizes), context.manifest.run
    plan = plan_cells(rows, run.floor)
    if plan.cells == 1 and plan_cells(rows, 1.0).cells > 1:
        raise ConfigError(
            f"a floor of {run.floor:g} compares every pair of {rows:,} questions; raise it"
        )
    sample = _sample(context, sizes, plan)
    plan = CellPlan(*(min(each, max(1, len(sample))) for each in plan))
    with ThreadPoolExecutor(available_cores()) as pool:
        learned = Cells.learn(sample, plan, pool.map)
        nearest = _joined(learned.nearest(sample, pool.map), plan.probes)
    buckets = list(_buckets(learned.centres, nearest, run.shard_size / max(1, rows)))
    order = np.concatenate(buckets)
    bucket = np.repeat(np.arange(len(buckets), dtype=np.int32), list(map(len, buckets)))
    counts = {"vectors": rows, "cells": len(order), "probes": plan.probes, "buckets": len(buckets)}
    return [{"centre": learned.centres[order], "bucket": bucket}], counts


def assign(context: TaskContext, shard: int) -> StageOutput:
    """Assign cells to each question of a shard.

    Part `n` of the file has the questions of bucket `n`; a question may be in several parts.
    """
    rows, vectors = _distinct(context, shard)
    table = context.tables.read("cells", 0, ["centre", "bucket"])
    found = Cells(table["centre"], context.manifest.count("cells", "probes"))
    nearest = _joined(found.nearest(vectors, map), found.probes)
    template = templates_of(context, shard, rows)
    columns = {"row": rows, "cells": nearest, "vector": vectors, "template": template}
    texts: list[str] | None = None
    if context.engine.reads_letters:
        read = context.tables.read("read", shard, ["text"])["text"]
        texts = [read[row] for row in (rows - context.first_row(shard)).tolist()]
    # Distinct pairs of question and bucket.
    copied = np.unique(np.arange(len(rows))[:, None] * context.buckets + table["bucket"][nearest])
    question, bucket = np.divmod(copied, context.buckets)

    def parts() -> Iterator[Columns]:
        for places in split_rows(bucket, context.buckets):
            some = question[places]
            part: Columns = {name: column[some] for name, column in columns.items()}
            if texts is not None:
                part = {**part, "text": [texts[each] for each in some.tolist()]}
            yield part

    return parts(), {"vectors": len(rows), "copied": len(copied)}


def pairs(context: TaskContext, bucket: int) -> StageOutput:
    """Find the close pairs within a bucket's cells; see `BoundedPairs` for the limit."""
    names = ["cells", "vector", "row", "template"]
    found = context.tables.gather("assign", context.shards, names, bucket)
    rows, collected = found["row"], BoundedPairs(len(found["row"]))
    buckets = context.tables.read("cells", 0, ["bucket"])["bucket"]
    inside = range(*np.searchsorted(buckets, [bucket, bucket + 1]).tolist())
    for _ in pairs_in_cells(
        found["vector"],
        found["cells"],
        inside,
        context.manifest.run.floor,
        map,
        collected,
        templates=found["template"],
    ):
        pass
    close = collected.all()
    table = {"left": rows[close.left], "right": rows[close.right], "cosine": close.cosine}
    starts = range(0, max(1, len(close.left)), _PAIRS)
    parts = ({name: of[start : start + _PAIRS] for name, of in table.items()} for start in starts)
    return parts, {"pairs": len(close.left), "left_out": close.left_out}


def verdicts(context: TaskContext, bucket: int) -> StageOutput:
    """Score the pairs of a bucket."""
    engine = context.engine
    names = ["row", "vector", *(["text"] if engine.reads_letters else [])]
    found = context.tables.gather("assign", context.shards, names, bucket)
    rows = found["row"]
    texts = found["text"] if engine.reads_letters else [""] * len(rows)
    counts = {"pairs": 0}

    def parts() -> Iterator[Columns]:
        for part in context.tables.parts("pairs", bucket, ["left", "right", "cosine"]):
            left, right = (
                np.searchsorted(rows, part[side]).astype(np.int32) for side in ("left", "right")
            )
            close = ClosePairs(left, right, part["cosine"])
            scored = score_pairs(engine, close, texts, found["vector"])
            counts["pairs"] += len(scored)
            yield part | {"similarity": scored.similarity, "probability": scored.probability}

    return parts(), counts


def _joined(
    parts: Iterable[Int32[np.ndarray, "_ probes"]], probes: int
) -> Int32[np.ndarray, "rows probes"]:
    return np.concatenate([np.zeros((0, probes), np.int32), *parts])


def _distinct(
    context: TaskContext, shard: int
) -> tuple[Int32[np.ndarray, "rows"], Float16[np.ndarray, "rows dim"]]:
    """Read the rows and vectors of a shard that are no copies."""
    found = context.tables.read("encode", shard, ["row", "vector"])
    rows, vectors = found["row"], found["vector"]
    if "alike" in context.manifest.stages:
        left = drop_copies(context, "alike", shard, rows)
        rows, vectors = rows[left], vectors[left]
    usable = usable_rows(vectors)
    return rows[usable], vectors[usable]


def _sample(
    context: TaskContext, sizes: list[int], plan: CellPlan
) -> Float16[np.ndarray, "sample dim"]:
    """Read the vectors for learning cells, in random order."""
    chosen = choose_sample(sum(sizes), plan)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    shard = np.searchsorted(starts, chosen, side="right") - 1
    parts, order = [], []
    for number, places in enumerate(split_rows(shard, len(sizes))):
        vectors = context.tables.read("encode", number, ["vector"])["vector"]
        parts.append(vectors[chosen[places] - starts[number]])
        order.append(places)
    found = np.concatenate(parts)
    sample: Float16[np.ndarray, "sample dim"] = np.empty_like(found)
    sample[np.concatenate(order)] = found
    usable: Float16[np.ndarray, "sample dim"] = sample[usable_rows(sample)]
    return usable


def _buckets(
    centres: Float32[np.ndarray, "cells dim"],
    nearest: Int32[np.ndarray, "sample probes"],
    share: float,
) -> Iterator[Int[np.ndarray, "_"]]:
    """Halve the cells along their widest axis until each part has few enough vectors.

    Args:
        centres: centres of the cells.
        nearest: cells of sampled vectors.
        share: maximum share of the vectors in a part; a larger cell is a part by itself.
    """
    loads = np.bincount(nearest.ravel(), minlength=len(centres))
    waiting = [(np.arange(len(centres)), nearest)]
    while waiting:
        part, inside = waiting.pop()
        if len(part) == 1 or len(inside) <= share * len(nearest):
            yield part
            continue
        offsets = centres[part] - centres[part].mean(axis=0)
        _, axes = np.linalg.eigh((offsets.T @ offsets).astype(np.float64))
        part = part[np.argsort(offsets @ axes[:, -1], kind="stable")]
        sums = np.cumsum(loads[part])
        middle = int(np.searchsorted(sums, sums[-1] / 2)) + 1
        middle = min(max(middle, 1), len(part) - 1)
        for half in (part[middle:], part[:middle]):
            chosen = np.zeros(len(centres), bool)
            chosen[half] = True
            waiting.append((half, inside[chosen[inside].any(axis=1)]))
