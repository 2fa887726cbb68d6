"""Stages `cells` and `assign`: the space is cut into cells, these are dealt into buckets."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float16, Float32, Int, Int32

from gemel.duplicates.candidates import usable_rows
from gemel.errors import ConfigError
from gemel.inference import available_cores
from gemel.neighbours.cells import CellPlan, Cells, choose_cut, choose_sample
from gemel.scale.copy_stages import drop_copies, templates_of
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import Desk, split_rows


def cells(desk: Desk, number: int) -> dict[str, int]:
    """Learn the cells from a sample of all vectors, and deal them into buckets.

    Cells that are near to each other come into one bucket, so that a question, which is in several
    cells, comes into few buckets. Of a bucket there are as many questions as of a shard, or fewer.

    Raises:
        ConfigError: the floor is so low that all would have to be compared with all.
    """
    sizes = [_counted(desk, shard) for shard in range(desk.shards)]
    rows = sum(sizes)
    floor = desk.manifest.run.floor
    cut = choose_cut(rows, floor)
    if cut.cells == 1 and choose_cut(rows, 1.0).cells > 1:
        raise ConfigError(
            f"a floor of {floor:g} takes comparing all of {rows:,} questions with all; take a "
            "higher one"
        )
    sample = _sample(desk, sizes, cut)
    cut = CellPlan(min(cut.cells, max(1, len(sample))), min(cut.probes, max(1, len(sample))))
    with ThreadPoolExecutor(available_cores()) as pool:
        learned = Cells.learn(sample, cut, pool.map)
        nearest = np.concatenate([_none(cut), *learned.nearest(sample, pool.map)])
    share = desk.manifest.run.shard_size / max(1, rows)
    buckets = list(_buckets(learned.centres, nearest, share))
    order = np.concatenate(buckets)
    bucket = np.repeat(np.arange(len(buckets), dtype=np.int32), list(map(len, buckets)))
    counts = {"vectors": rows, "cells": len(order), "probes": cut.probes, "buckets": len(buckets)}
    table = {"centre": learned.centres[order], "bucket": bucket}
    desk.shelf.write("cells", number, [table], counts)
    return counts


def assign(desk: Desk, shard: int) -> dict[str, int]:
    """Find the nearest cells of each question of a shard.

    Part `n` of the file has the questions of bucket `n`, with all that is asked of them there. A
    question that is in cells of two buckets is in two parts.
    """
    rows, vectors = _different(desk, shard)
    table = desk.shelf.read("cells", 0, ["centre", "bucket"])
    found = Cells(table["centre"], desk.manifest.count("cells", "probes"))
    nearest = np.concatenate([_none(CellPlan(1, found.probes)), *found.nearest(vectors, map)])
    template = templates_of(desk, shard, rows)
    all_of_them = {"row": rows, "cells": nearest, "vector": vectors, "template": template}
    texts: list[str] | None = None
    if desk.engine.reads_letters:
        read = desk.shelf.read("read", shard, ["text"])["text"]
        texts = [read[row] for row in (rows - desk.first_row(shard)).tolist()]
    buckets = desk.manifest.count("cells", "buckets")
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
    desk.shelf.write("assign", shard, parts(), counts)
    return counts


def bucket_cells(desk: Desk, bucket: int) -> range:
    """Return the cells of a bucket."""
    buckets = desk.shelf.read("cells", 0, ["bucket"])["bucket"]
    first, end = np.searchsorted(buckets, [bucket, bucket + 1]).tolist()
    return range(first, end)


def _none(cut: CellPlan) -> Int32[np.ndarray, "0 probes"]:
    """Return the table of no rows."""
    return np.zeros((0, cut.probes), np.int32)


def _counted(desk: Desk, shard: int) -> int:
    return int((desk.shelf.counts("encode", shard) or {})["vectors"])


def _different(
    desk: Desk, shard: int
) -> tuple[Int32[np.ndarray, "rows"], Float16[np.ndarray, "rows dim"]]:
    """Read the vectors of a shard that the model can tell from all others, and their rows."""
    found = desk.shelf.read("encode", shard, ["row", "vector"])
    rows, vectors = found["row"], found["vector"]
    if "alike" in desk.manifest.stages:
        left = drop_copies(desk, "alike", shard, rows)
        rows, vectors = rows[left], vectors[left]
    usable = usable_rows(vectors)
    return rows[usable], vectors[usable]


def _sample(desk: Desk, sizes: list[int], cut: CellPlan) -> Float16[np.ndarray, "sample dim"]:
    """Read the vectors from which cells are learned, in the order of chance."""
    chosen = choose_sample(sum(sizes), cut)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    shard = np.searchsorted(starts, chosen, side="right") - 1
    parts, order = [], []
    for number, places in enumerate(split_rows(shard, len(sizes))):
        vectors = desk.shelf.read("encode", number, ["vector"])["vector"]
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
    """Halve the cells, where they lie furthest apart, until few enough vectors are in each part.

    Args:
        centres: of the cells.
        nearest: cells of some vectors.
        share: of the vectors that may be in a part; a cell that has more is one by itself.
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
