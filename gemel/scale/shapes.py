"""Stages `masks` and `templates`: which questions of the whole file differ only in numbers."""

import numpy as np

from gemel.duplicates.question_templates import LEAST_INSTANCES, mask_numbers
from gemel.scale.copy_stages import by_key, digests, drop_copies, first_rows
from gemel.scale.task_context import Desk, split_rows


def masks(desk: Desk, shard: int) -> dict[str, int]:
    """Give every question of a shard that has a number a digest of what is left without it."""
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

    Part `n` of the file has the instances that stand in shard `n`.
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
