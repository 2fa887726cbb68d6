"""Stage `groups`: the chains of a lot become duplicate groups, as those of one machine do."""

import dataclasses
import json
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Int32

from gemel.duplicates.duplicate_groups import Duplicates, Group, ScoredPairs
from gemel.duplicates.pair_scores import PairScore
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import Desk


class Entry(msgspec.Struct):
    """A group, and the scores of its pairs, as the file of a lot holds them."""

    group: Group
    scores: list[PairScore]

    def packed(self) -> str:
        """Write it as JSON."""
        return json.dumps({"group": dataclasses.asdict(self.group), "scores": self.scores})

    @classmethod
    def unpacked(cls, packed: str) -> "Entry":
        """Read it; not by a stricter reader, for a text may hold half a character."""
        return msgspec.convert(json.loads(packed), cls)


def groups(desk: Desk, lot: int) -> dict[str, int]:
    """Make the groups of a lot; the largest come first, of one size that of the first question."""
    found = desk.shelf.gather("members", desk.shards, ["row", "first", "id", "text"], lot)
    duplicates = _duplicates(desk, found, lot)
    row_of = dict(zip(found["id"], found["row"].tolist(), strict=True))
    entries, sizes, firsts = [], [], []
    for group, scores in zip(duplicates.groups, duplicates.scores(), strict=True):
        component = int(found["row"][group.component])
        entry = Entry(dataclasses.replace(group, component=component), list(scores))
        entries.append(entry.packed())
        sizes.append(len(group))
        firsts.append(min(row_of[member.id] for member in group.members))
    counts = {"groups": len(sizes), "grouped": sum(sizes)}
    table: Columns = {
        "size": np.array(sizes, np.int32),
        "first": np.array(firsts, np.int32),
        "entry": entries,
    }
    desk.shelf.write("groups", lot, [table], counts)
    return counts


def _duplicates(desk: Desk, found: dict[str, Any], lot: int) -> Duplicates:
    """Take a lot for a corpus by itself."""
    manifest = desk.manifest
    names = ["left", "right", "cosine", "similarity", "probability"]
    pairs = desk.shelf.gather("links", manifest.count("cells", "buckets"), names, lot)
    different, copies = np.unique(found["first"], return_inverse=True)
    number = {side: _number(pairs[side], different) for side in ("left", "right")}
    order = np.lexsort((number["right"], number["left"]))
    return Duplicates(
        ids=found["id"],
        texts=found["text"],
        copies=copies.astype(np.int32),
        exact=0,
        pairs=ScoredPairs(
            number["left"][order],
            number["right"][order],
            *(pairs[name][order] for name in names[2:]),
        ),
        floor=manifest.run.floor,
        probability=manifest.cut.probability,
        linkage=manifest.cut.linkage,
    )


def _number(
    rows: Int32[np.ndarray, "pairs"], different: Int32[np.ndarray, "different"]
) -> Int32[np.ndarray, "pairs"]:
    numbers: Int32[np.ndarray, "pairs"] = np.searchsorted(different, rows).astype(np.int32)
    return numbers
