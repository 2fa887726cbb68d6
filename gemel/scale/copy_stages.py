"""Stages that find copies and templates of questions, and encode the rest."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Int, Int32, Shaped

from gemel.duplicates.question_templates import LEAST_INSTANCES, mask_numbers
from gemel.errors import DataError
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import TaskContext, split_rows
from gemel.text import copy_key

_KEY = 16
"""Bytes of a digest: among a billion questions a collision has a chance of 1 in 10^20."""


def clean(context: TaskContext, shard: int) -> dict[str, int]:
    """Write digests of the `copy_key` and id of every question; part `n` is for bucket `n`."""
    names = ["text", *(["id"] if context.manifest.count("read", "named") else [])]
    found = context.tables.read("read", shard, names)
    texts = map(copy_key, found["text"])
    keys = [digests(text.encode("utf-8", "surrogatepass") for text in texts)]
    if "id" in found:
        keys.append(digests(name.encode("utf-8", "surrogatepass") for name in found["id"]))
    rows = np.arange(len(found["text"]), dtype=np.int32) + np.int32(context.first_row(shard))
    table = {
        "key": np.concatenate(keys),
        "row": np.tile(rows, len(keys)),
        "is_id": np.repeat(np.arange(len(keys), dtype=np.int8), len(rows)),
    }
    counts = {"questions": len(rows)}
    context.tables.write("clean", shard, by_key(table, context.shards), counts)
    return counts


def exact(context: TaskContext, bucket: int) -> dict[str, int]:
    """Find the questions of a bucket that copy an earlier one; part `n` has those of shard `n`.

    Raises:
        DataError: two questions have one id.
    """
    found = context.tables.gather("clean", context.shards, ["key", "row", "is_id"], bucket)
    named = found["is_id"] == 1
    _require_different(context, found["key"][named], found["row"][named])
    return _write_copies(context, "exact", bucket, found["key"][~named], found["row"][~named])


def mark(context: TaskContext, shard: int) -> dict[str, int]:
    """Write a digest of every vector of a shard."""
    found = context.tables.read("encode", shard, ["row", "vector"])
    # Of a template each is a question of its own, even if the model cannot tell two apart.
    instance = templates_of(context, shard, found["row"]) >= 0
    contents = [
        bytes(vector) + (bytes(row) if alone else b"")
        for vector, row, alone in zip(found["vector"], found["row"], instance, strict=True)
    ]
    table = {"key": digests(contents), "row": found["row"]}
    counts = {"vectors": len(found["row"])}
    context.tables.write("mark", shard, by_key(table, context.shards), counts)
    return counts


def alike(context: TaskContext, bucket: int) -> dict[str, int]:
    """Find the questions of a bucket whose vector is that of an earlier one."""
    found = context.tables.gather("mark", context.shards, ["key", "row"], bucket)
    return _write_copies(context, "alike", bucket, found["key"], found["row"])


def drop_copies(
    context: TaskContext, stage: str, shard: int, rows: Int32[np.ndarray, "rows"]
) -> Int[np.ndarray, "left"]:
    """Return the places of a shard's rows that are no copies according to `exact` or `alike`."""
    gone = context.tables.gather(stage, context.shards, ["row"], shard)["row"]
    return np.flatnonzero(~np.isin(rows, gone))


def templates_of(
    context: TaskContext, shard: int, rows: Int32[np.ndarray, "rows"]
) -> Int32[np.ndarray, "rows"]:
    """Return the template of each of a shard's ascending rows; -1 if none."""
    found = context.tables.gather("templates", context.shards, ["row", "template"], shard)
    of = np.full(len(rows), -1, np.int32)
    there = np.isin(found["row"], rows)
    of[np.searchsorted(rows, found["row"][there])] = found["template"][there]
    return of


def digests(contents: Iterable[bytes]) -> Shaped[np.ndarray, "rows 16"]:
    """Return a digest of each content."""
    packed = b"".join(hashlib.blake2b(each, digest_size=_KEY).digest() for each in contents)
    return np.frombuffer(packed, np.uint8).reshape(-1, _KEY)


def by_key(table: dict[str, np.ndarray], buckets: int) -> Iterator[Columns]:
    """Split a table into buckets by key."""
    bucket = table["key"][:, :4].copy().view("<u4")[:, 0] % buckets
    for places in split_rows(bucket.astype(np.int64), buckets):
        yield {name: column[places] for name, column in table.items()}


def first_rows(
    keys: Shaped[np.ndarray, "rows 16"], rows: Int32[np.ndarray, "rows"]
) -> Int32[np.ndarray, "rows"]:
    """Return for each row the first row of the same key."""
    words = keys.copy().view("<u8")
    order = np.lexsort((rows, words[:, 1], words[:, 0]))
    begins = np.ones(len(rows), bool)
    begins[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    first = np.empty_like(rows)
    first[order] = rows[order[begins]][np.cumsum(begins) - 1]
    return first


def _write_copies(
    context: TaskContext, stage: str, bucket: int, keys: Any, rows: Int32[np.ndarray, "rows"]
) -> dict[str, int]:
    first = first_rows(keys, rows)
    copies = np.flatnonzero(first != rows)
    rows, first = rows[copies], first[copies]
    shard = rows // context.manifest.run.shard_size
    parts = ({"row": rows[at], "first": first[at]} for at in split_rows(shard, context.shards))
    counts = {"copies": len(rows)}
    context.tables.write(stage, bucket, parts, counts)
    return counts


def _require_different(context: TaskContext, keys: Any, rows: Int32[np.ndarray, "rows"]) -> None:
    first = first_rows(keys, rows)
    twice = np.flatnonzero(first != rows)
    if not len(twice):
        return
    worst = twice[np.argmin(rows[twice])]
    (name, earlier), (_, line) = (
        _id_and_line(context, int(row)) for row in (first[worst], rows[worst])
    )
    raise DataError(
        f"has the id {name!r:.60}, as line {earlier} has; give each question an id of its own, or "
        "another column with --id",
        path=context.manifest.run.source,
        line=line,
    )


def _id_and_line(context: TaskContext, row: int) -> tuple[str, int]:
    shard, place = divmod(row, context.manifest.run.shard_size)
    found = context.tables.read("read", shard, ["id", "line"])
    return found["id"][place], int(found["line"][place])


def encode(context: TaskContext, shard: int) -> dict[str, int]:
    """Encode the questions of a shard that are no copies."""
    texts = context.tables.read("read", shard, ["text"])["text"]
    rows = np.arange(len(texts), dtype=np.int32) + np.int32(context.first_row(shard))
    left = drop_copies(context, "exact", shard, rows)
    vectors = context.engine.encode([texts[place] for place in left], precision="float16")
    counts = {"vectors": len(left)}
    context.tables.write("encode", shard, [{"row": rows[left], "vector": vectors}], counts)
    return counts


def masks(context: TaskContext, shard: int) -> dict[str, int]:
    """Write digests of the questions that contain a number, without the numbers."""
    texts = context.tables.read("read", shard, ["text"])["text"]
    rows = np.arange(len(texts), dtype=np.int32) + np.int32(context.first_row(shard))
    clean = context.engine.model.tokenizer.clean
    left = drop_copies(context, "exact", shard, rows)
    found = [(place, mask_numbers(clean(texts[place]))) for place in left.tolist()]
    masked = [(place, mask) for place, mask in found if mask is not None]
    table = {
        "key": digests(mask.encode("utf-8", "surrogatepass") for _, mask in masked),
        "row": rows[[place for place, _ in masked]],
    }
    counts = {"numbered": len(masked)}
    context.tables.write("masks", shard, by_key(table, context.shards), counts)
    return counts


def templates(context: TaskContext, bucket: int) -> dict[str, int]:
    """Find the templates of a bucket, named by their first row."""
    found = context.tables.gather("masks", context.shards, ["key", "row"], bucket)
    first = first_rows(found["key"], found["row"])
    _, place, count = np.unique(first, return_inverse=True, return_counts=True)
    many = np.flatnonzero(count[place] >= LEAST_INSTANCES)
    rows, first = found["row"][many], first[many]
    shard = rows // context.manifest.run.shard_size
    parts = ({"row": rows[at], "template": first[at]} for at in split_rows(shard, context.shards))
    counts = {"instances": len(rows)}
    context.tables.write("templates", bucket, parts, counts)
    return counts
