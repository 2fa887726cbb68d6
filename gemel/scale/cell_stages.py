"""Stages `cells` and `assign`: vectors are clustered into cells, and cells grouped into buckets."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float16, Float32, Int, Int32

from gemel.duplicates.candidates import usable_rows
from gemel.errors import ConfigError
from gemel.inference import available_cores
from gemel.neighbours.cells import CellPlan, Cells, choose_sample, plan_cells
from gemel.scale.copy_stages import drop_copies, templates_of
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import TaskContext, split_rows


def cells(context: TaskContext, number: int) -> dict[str, int]:
    """Learn cells from a sample of the vectors, and group them into buckets.

    Neighbouring cells share a bucket, so that a question in several cells is in few buckets. A
    bucket has at most as many questions as a shard.

    Raises:
        ConfigError: the floor is so low that every pair would have to be compared.
    """
    sizes = [_counted(context, shard) for shard in range(context.shards)]
    rows = sum(sizes)
    floor = context.manifest.run.floor
    plan = plan_cells(rows, floor)
    if plan.cells == 1 and plan_cells(rows, 1.0).cells > 1:
        raise ConfigError(
            f"a floor of {floor:g} compares every pair of {rows:,} questions; raise it"
        )
    sample = _sample(context, sizes, plan)
    plan = CellPlan(min(plan.cells, max(1, len(sample))), min(plan.probes, max(1, len(sample))))
    with ThreadPoolExecutor(available_cores()) as pool:
        learned = Cells.learn(sample, plan, pool.map)
        nearest = np.concatenate([_none(plan), *learned.nearest(sample, pool.map)])
    share = context.manifest.run.shard_size / max(1, rows)
    buckets = list(_buckets(learned.centres, nearest, share))
    order = np.concatenate(buckets)
    bucket = np.repeat(np.arange(len(buckets), dtype=np.int32), list(map(len, buckets)))
    counts = {"vectors": rows, "cells": len(order), "probes": plan.probes, "buckets": len(buckets)}
    table = {"centre": learned.centres[order], "bucket": bucket}
    context.tables.write("cells", number, [table], counts)
    return counts


def assign(context: TaskContext, shard: int) -> dict[str, int]:
    """Assign cells to each question of a shard.

    Part `n` of the file has the questions of bucket `n`; a question may be in several parts.
    """
    rows, vectors = _different(context, shard)
    table = context.tables.read("cells", 0, ["centre", "bucket"])
    found = Cells(table["centre"], context.manifest.count("cells", "probes"))
    nearest = np.concatenate([_none(CellPlan(1, found.probes)), *found.nearest(vectors, map)])
    template = templates_of(context, shard, rows)
    all_of_them = {"row": rows, "cells": nearest, "vector": vectors, "template": template}
    texts: list[str] | None = None
    if context.engine.reads_letters:
        read = context.tables.read("read", shard, ["text"])["text"]
        texts = [read[row] for row in (rows - context.first_row(shard)).tolist()]
    buckets = context.manifest.count("cells", "buckets")
    # Which question goes to which bucket, each two once.
    goes = np.unique(np.arange(len(rows))[:, None] * buckets + table["bucket"][nearest])
    question, bucket = np.divmod(goes, buckets)

    def parts() -> Iterator[Columns]:
        for places in split_rows(bucket, buckets):
            of = question[places]
            part: dict[str, np.ndarray | list[str]] = {
                name: column[of] for name, column in all_of_them.items()
            }
            if texts is not None:
                part["text"] = [texts[each] for each in of.tolist()]
            yield part

    counts = {"vectors": len(rows), "copied": len(goes)}
    context.tables.write("assign", shard, parts(), counts)
    return counts


def bucket_cells(context: TaskContext, bucket: int) -> range:
    """Return the cells of a bucket."""
    buckets = context.tables.read("cells", 0, ["bucket"])["bucket"]
    first, end = np.searchsorted(buckets, [bucket, bucket + 1]).tolist()
    return range(first, end)


def _none(plan: CellPlan) -> Int32[np.ndarray, "0 probes"]:
    return np.zeros((0, plan.probes), np.int32)


def _counted(context: TaskContext, shard: int) -> int:
    return int((context.tables.counts("encode", shard) or {})["vectors"])


def _different(
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
        assigned: cells of sampled vectors.
        share: of the vectors, at most in a part; a larger cell is a part by itself.
    """
    loads = np.bincount(nearest.ravel(), minlength=len(centres))
    waiting = [(np.arange(len(centres)), nearest)]
    while waiting:
        part, inside = waiting.pop()
        if len(part) == 1 or len(inside) <= share * len(nearest):
            yield part
            continue
        apart = centres[part] - centres[part].mean(axis=0)
        _, axes = np.linalg.eigh((apart.T @ apart).astype(np.float64))
        part = part[np.argsort(apart @ axes[:, -1], kind="stable")]
        sums = np.cumsum(loads[part])
        middle = int(np.searchsorted(sums, sums[-1] / 2)) + 1
        middle = min(max(middle, 1), len(part) - 1)
        for half in (part[middle:], part[:middle]):
            chosen = np.zeros(len(centres), bool)
            chosen[half] = True
            waiting.append((half, inside[chosen[inside].any(axis=1)]))
