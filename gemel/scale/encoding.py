"""Stage `encode`: the different questions of a shard become vectors."""

import numpy as np

from gemel.scale.copy_stages import drop_copies
from gemel.scale.task_context import Desk


def encode(desk: Desk, shard: int) -> dict[str, int]:
    """Encode the questions of a shard that are no copies."""
    texts = desk.shelf.read("read", shard, ["text"])["text"]
    rows = np.arange(len(texts), dtype=np.int32) + np.int32(desk.first_row(shard))
    left = drop_copies(desk, "exact", shard, rows)
    vectors = desk.engine.encode([texts[place] for place in left], precision="float16")
    counts = {"vectors": len(left)}
    desk.shelf.write("encode", shard, [{"row": rows[left], "vector": vectors}], counts)
    return counts
