"""Stages that find copies, encode distinct questions and number templates."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Int, Int32, Shaped

from gemel.duplicates.question_templates import LEAST_INSTANCES, mask_numbers
from gemel.errors import DataError
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import Desk, split_rows
from gemel.text import copy_key

_KEY = 16
"""Bytes of a digest: of a billion questions two different ones have the same once in 10^20."""


def clean(desk: Desk, shard: int) -> dict[str, int]:
    """Return the `copy_key` of every question of a shard a digest, and its id another.

    Part `n` of the file has what bucket `n` should compare.
    """
    names = ["text", *(["id"] if desk.manifest.count("read", "named") else [])]
    found = desk.shelf.read("read", shard, names)
    texts = map(copy_key, found["text"])
    keys = [digests(text.encode("utf-8", "surrogatepass") for text in texts)]
    if "id" in found:
        keys.append(digests(name.encode("utf-8", "surrogatepass") for name in found["id"]))
    rows = np.arange(len(found["text"]), dtype=np.int32) + np.int32(desk.first_row(shard))
    table = {
        "key": np.concatenate(keys),
        "row": np.tile(rows, len(keys)),
        "is_id": np.repeat(np.arange(len(keys), dtype=np.int8), len(rows)),
    }
    counts = {"questions": len(rows)}
    desk.shelf.write("clean", shard, by_key(table, desk.shards), counts)
    return counts


def exact(desk: Desk, bucket: int) -> dict[str, int]:
    """Find the questions of a bucket that are copies of an earlier one.

    Part `n` of the file has those that are in shard `n`.

    Raises:
        DataError: two questions have one id.
    """
    found = desk.shelf.gather("clean", desk.shards, ["key", "row", "is_id"], bucket)
    named = found["is_id"] == 1
    _require_different(desk, found["key"][named], found["row"][named])
    return _write_copies(desk, "exact", bucket, found["key"][~named], found["row"][~named])


def mark(desk: Desk, shard: int) -> dict[str, int]:
    """Return every vector of a shard a digest, as `clean` does with questions."""
    found = desk.shelf.read("encode", shard, ["row", "vector"])
    # Of a template each is a question of its own, even if the model cannot tell two apart.
    instance = templates_of(desk, shard, found["row"]) >= 0
    contents = [
        bytes(vector) + (bytes(row) if alone else b"")
        for vector, row, alone in zip(found["vector"], found["row"], instance, strict=True)
    ]
    table = {"key": digests(contents), "row": found["row"]}
    counts = {"vectors": len(found["row"])}
    desk.shelf.write("mark", shard, by_key(table, desk.shards), counts)
    return counts


def alike(desk: Desk, bucket: int) -> dict[str, int]:
    """Find the questions of a bucket that the model cannot tell from an earlier one."""
    found = desk.shelf.gather("mark", desk.shards, ["key", "row"], bucket)
    return _write_copies(desk, "alike", bucket, found["key"], found["row"])


def drop_copies(
    desk: Desk, stage: str, shard: int, rows: Int32[np.ndarray, "rows"]
) -> Int[np.ndarray, "left"]:
    """Report which of a shard's rows, ascending, are no copies by `exact` or `alike`, by place."""
    gone = desk.shelf.gather(stage, desk.shards, ["row"], shard)["row"]
    return np.flatnonzero(~np.isin(rows, gone))


def templates_of(
    desk: Desk, shard: int, rows: Int32[np.ndarray, "rows"]
) -> Int32[np.ndarray, "rows"]:
    """Return the template of each of a shard's rows, ascending; -1 where it has none."""
    found = desk.shelf.gather("templates", desk.shards, ["row", "template"], shard)
    of = np.full(len(rows), -1, np.int32)
    there = np.isin(found["row"], rows)
    of[np.searchsorted(rows, found["row"][there])] = found["template"][there]
    return of


def digests(contents: Iterable[bytes]) -> Shaped[np.ndarray, "rows 16"]:
    """Return what is equal where the contents are."""
    packed = b"".join(hashlib.blake2b(each, digest_size=_KEY).digest() for each in contents)
    return np.frombuffer(packed, np.uint8).reshape(-1, _KEY)


def by_key(table: dict[str, np.ndarray], buckets: int) -> Iterator[Columns]:
    """Deal a table into buckets, so that equal keys come into one."""
    bucket = table["key"][:, :4].copy().view("<u4")[:, 0] % buckets
    for places in split_rows(bucket.astype(np.int64), buckets):
        yield {name: column[places] for name, column in table.items()}


def first_rows(
    keys: Shaped[np.ndarray, "rows 16"], rows: Int32[np.ndarray, "rows"]
) -> Int32[np.ndarray, "rows"]:
    """Return for each row, ascending, the first one of the same key."""
    words = keys.copy().view("<u8")
    order = np.lexsort((rows, words[:, 1], words[:, 0]))
    begins = np.ones(len(rows), bool)
    begins[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    first = np.empty_like(rows)
    first[order] = rows[order[begins]][np.cumsum(begins) - 1]
    return first


def _write_copies(
    desk: Desk, stage: str, bucket: int, keys: Any, rows: Int32[np.ndarray, "rows"]
) -> dict[str, int]:
    first = first_rows(keys, rows)
    copies = np.flatnonzero(first != rows)
    rows, first = rows[copies], first[copies]
    shard = rows // desk.manifest.run.shard_size
    parts = ({"row": rows[at], "first": first[at]} for at in split_rows(shard, desk.shards))
    counts = {"copies": len(rows)}
    desk.shelf.write(stage, bucket, parts, counts)
    return counts


def _require_different(desk: Desk, keys: Any, rows: Int32[np.ndarray, "rows"]) -> None:
    first = first_rows(keys, rows)
    twice = np.flatnonzero(first != rows)
    if not len(twice):
        return
    worst = twice[np.argmin(rows[twice])]
    (name, earlier), (_, line) = (
        _id_and_line(desk, int(row)) for row in (first[worst], rows[worst])
    )
    raise DataError(
        f"has the id {name!r:.60}, as line {earlier} has; give each question an id of its own, or "
        "another column with --id",
        path=desk.manifest.run.source,
        line=line,
    )


def _id_and_line(desk: Desk, row: int) -> tuple[str, int]:
    shard, place = divmod(row, desk.manifest.run.shard_size)
    found = desk.shelf.read("read", shard, ["id", "line"])
    return found["id"][place], int(found["line"][place])


def encode(desk: Desk, shard: int) -> dict[str, int]:
    """Encode the questions of a shard that are no copies."""
    texts = desk.shelf.read("read", shard, ["text"])["text"]
    rows = np.arange(len(texts), dtype=np.int32) + np.int32(desk.first_row(shard))
    left = drop_copies(desk, "exact", shard, rows)
    vectors = desk.engine.encode([texts[place] for place in left], precision="float16")
    counts = {"vectors": len(left)}
    desk.shelf.write("encode", shard, [{"row": rows[left], "vector": vectors}], counts)
    return counts


def masks(desk: Desk, shard: int) -> dict[str, int]:
    """Return every question of a shard that has a number a digest of what is left without it."""
    texts = desk.shelf.read("read", shard, ["text"])["text"]
    rows = np.arange(len(texts), dtype=np.int32) + np.int32(desk.first_row(shard))
    clean = desk.engine.model.tokenizer.clean
    left = drop_copies(desk, "exact", shard, rows)
    found = [(place, mask_numbers(clean(texts[place]))) for place in left.tolist()]
    masked = [(place, mask) for place, mask in found if mask is not None]
    table = {
        "key": digests(mask.encode("utf-8", "surrogatepass") for _, mask in masked),
        "row": rows[[place for place, _ in masked]],
    }
    counts = {"numbered": len(masked)}
    desk.shelf.write("masks", shard, by_key(table, desk.shards), counts)
    return counts


def templates(desk: Desk, bucket: int) -> dict[str, int]:
    """Find the templates of a bucket; each is called by the row of its first instance.

    Part `n` of the file has the instances that are in shard `n`.
    """
    found = desk.shelf.gather("masks", desk.shards, ["key", "row"], bucket)
    first = first_rows(found["key"], found["row"])
    _, place, count = np.unique(first, return_inverse=True, return_counts=True)
    many = np.flatnonzero(count[place] >= LEAST_INSTANCES)
    rows, first = found["row"][many], first[many]
    shard = rows // desk.manifest.run.shard_size
    parts = ({"row": rows[at], "template": first[at]} for at in split_rows(shard, desk.shards))
    counts = {"instances": len(rows)}
    desk.shelf.write("templates", bucket, parts, counts)
    return counts
