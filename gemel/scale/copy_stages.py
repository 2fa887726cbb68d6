"""Stages that find copies and templates of questions, and encode the rest."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Int, Int32, Shaped

from gemel.duplicates.question_templates import LEAST_INSTANCES, mask_numbers
from gemel.errors import DataError
from gemel.scale.manifest import TaskContext, split_table
from gemel.scale.parquet_shards import Columns, StageOutput
from gemel.text import copy_key

_KEY = 16
"""Bytes of a digest: among a billion questions a collision has a chance of 1 in 10^20."""


def clean(context: TaskContext, shard: int) -> StageOutput:
    """Write digests of the `copy_key` and id of every question; part `n` is for bucket `n`."""
    names = ["text", *(["id"] if context.manifest.count("read", "named") else [])]
    found = context.tables.read("read", shard, names)
    contents = [map(copy_key, found["text"]), *([found["id"]] if "id" in found else [])]
    keys = [_digests(text.encode("utf-8", "surrogatepass") for text in texts) for texts in contents]
    rows = _rows(context, shard, len(found["text"]))
    table = {
        "key": np.concatenate(keys),
        "row": np.tile(rows, len(keys)),
        "is_id": np.repeat(np.arange(len(keys), dtype=np.int8), len(rows)),
    }
    return _by_key(table, context.shards), {"questions": len(rows)}


def exact(context: TaskContext, bucket: int) -> StageOutput:
    """Find the questions of a bucket that copy an earlier one; part `n` has those of shard `n`.

    Raises:
        DataError: two questions have one id.
    """
    found = context.tables.gather("clean", context.shards, ["key", "row", "is_id"], bucket)
    named = found["is_id"] == 1
    _require_distinct(context, found["key"][named], found["row"][named])
    return _copies(context, found["key"][~named], found["row"][~named])


def mark(context: TaskContext, shard: int) -> StageOutput:
    """Write a digest of every vector of a shard."""
    found = context.tables.read("encode", shard, ["row", "vector"])
    # Questions of a template are distinct, even if the model cannot distinguish them.
    instance = templates_of(context, shard, found["row"]) >= 0
    contents = [
        bytes(vector) + (bytes(row) if alone else b"")
        for vector, row, alone in zip(found["vector"], found["row"], instance, strict=True)
    ]
    table = {"key": _digests(contents), "row": found["row"]}
    return _by_key(table, context.shards), {"vectors": len(found["row"])}


def alike(context: TaskContext, bucket: int) -> StageOutput:
    """Find the questions of a bucket whose vector equals that of an earlier one."""
    found = context.tables.gather("mark", context.shards, ["key", "row"], bucket)
    return _copies(context, found["key"], found["row"])


def encode(context: TaskContext, shard: int) -> StageOutput:
    """Encode the questions of a shard that are no copies."""
    rows, texts = _distinct_texts(context, shard)
    vectors = context.engine.encode(texts, precision="float16")
    return [{"row": rows, "vector": vectors}], {"vectors": len(rows)}


def masks(context: TaskContext, shard: int) -> StageOutput:
    """Write digests of the questions that contain a number, without the numbers."""
    rows, texts = _distinct_texts(context, shard)
    clean = context.engine.model.tokenizer.clean
    masked = [mask_numbers(clean(text)) for text in texts]
    contents = (mask.encode("utf-8", "surrogatepass") for mask in masked if mask is not None)
    numbered = np.array([mask is not None for mask in masked], bool)
    table = {"key": _digests(contents), "row": rows[numbered]}
    return _by_key(table, context.shards), {"numbered": len(table["row"])}


def templates(context: TaskContext, bucket: int) -> StageOutput:
    """Find the templates of a bucket, named by their first row."""
    found = context.tables.gather("masks", context.shards, ["key", "row"], bucket)
    first = _first_rows(found["key"], found["row"])
    _, place, count = np.unique(first, return_inverse=True, return_counts=True)
    many = count[place] >= LEAST_INSTANCES
    table = {"row": found["row"][many], "template": first[many]}
    return context.by_shard(table), {"instances": len(table["row"])}


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


def _rows(context: TaskContext, shard: int, count: int) -> Int32[np.ndarray, "rows"]:
    return np.arange(count, dtype=np.int32) + np.int32(context.first_row(shard))


def _distinct_texts(
    context: TaskContext, shard: int
) -> tuple[Int32[np.ndarray, "rows"], list[str]]:
    """Read the questions of a shard that are no copies by `exact`."""
    texts = context.tables.read("read", shard, ["text"])["text"]
    rows = _rows(context, shard, len(texts))
    left = drop_copies(context, "exact", shard, rows)
    return rows[left], [texts[place] for place in left.tolist()]


def _digests(contents: Iterable[bytes]) -> Shaped[np.ndarray, "rows 16"]:
    packed = b"".join(hashlib.blake2b(each, digest_size=_KEY).digest() for each in contents)
    return np.frombuffer(packed, np.uint8).reshape(-1, _KEY)


def _by_key(table: dict[str, np.ndarray], buckets: int) -> Iterator[Columns]:
    """Split a table into buckets by key."""
    bucket = table["key"][:, :4].copy().view("<u4")[:, 0] % buckets
    return split_table(table, bucket.astype(np.int64), buckets)


def _first_rows(
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


def _copies(context: TaskContext, keys: Any, rows: Int32[np.ndarray, "rows"]) -> StageOutput:
    first = _first_rows(keys, rows)
    copies = first != rows
    table = {"row": rows[copies], "first": first[copies]}
    return context.by_shard(table), {"copies": len(table["row"])}


def _require_distinct(context: TaskContext, keys: Any, rows: Int32[np.ndarray, "rows"]) -> None:
    first = _first_rows(keys, rows)
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
