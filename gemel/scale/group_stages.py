"""Stages `chains`, `members` and `groups`: from scored pairs to duplicate groups."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Bool, Int32

from gemel.data import Components
from gemel.duplicates.duplicate_groups import Duplicates, Group, ScoredPairs
from gemel.duplicates.pair_scores import PairScore
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import TaskContext, split_rows

_PAIR = ("left", "right", "cosine", "similarity", "probability")


def chains(context: TaskContext, number: int) -> dict[str, int]:
    """Find the chains of likely pairs and copies, in one task, and split them into batches.

    It holds a few numbers per question and reads the pairs in parts. `links` gets the pairs within
    chains, a part per batch. A batch has at most as many questions as a shard, or one chain.
    """
    rows = context.manifest.count("read", "questions")
    first = _first_rows(context, rows)
    chain = _join(context, first)
    lot = _lots(chain, context.manifest.run.shard_size)
    lots = int(lot.max(initial=0)) + 1
    counts = {"grouped": int((lot >= 0).sum()), "lots": lots, "pairs": 0, "longest": 0}
    if counts["grouped"]:
        counts["longest"] = int(np.bincount(chain[lot >= 0]).max())
    for bucket in range(context.manifest.count("cells", "buckets")):
        counts["pairs"] += _write_links(context, bucket, chain, lot, lots)
    grouped = np.flatnonzero(lot >= 0).astype(np.int32)
    table = {"row": grouped, "first": first[grouped], "lot": lot[grouped]}
    shard = grouped // context.manifest.run.shard_size
    parts = (
        {name: column[places] for name, column in table.items()}
        for places in split_rows(shard, context.shards)
    )
    context.tables.write("chains", number, parts, counts)
    return counts


def members(context: TaskContext, shard: int) -> dict[str, int]:
    """Write the questions of a shard that are in chains, a part per batch."""
    found = context.tables.read("chains", 0, ["row", "first", "lot"], shard)
    read = context.tables.read("read", shard, ["id", "text"])
    places = found["row"] - context.first_row(shard)

    def parts() -> Iterator[Columns]:
        for of in split_rows(found["lot"], context.manifest.count("chains", "lots")):
            part: dict[str, np.ndarray | list[str]] = {
                name: found[name][of] for name in ("row", "first")
            }
            for name in ("id", "text"):
                part[name] = [read[name][place] for place in places[of].tolist()]
            yield part

    counts = {"questions": len(places)}
    context.tables.write("members", shard, parts(), counts)
    return counts


def _first_rows(context: TaskContext, rows: int) -> Int32[np.ndarray, "rows"]:
    """Return for every question the first one that it copies, or itself."""
    first = np.arange(rows, dtype=np.int32)
    for stage in ("exact", "alike"):
        if stage not in context.manifest.stages:
            continue
        into = np.arange(rows, dtype=np.int32)
        for bucket in range(context.shards):
            found = context.tables.read(stage, bucket, ["row", "first"])
            into[found["row"]] = found["first"]
        # What is a copy of a question that is like an earlier one is like that one too.
        first = into[first]
    return first


def _join(context: TaskContext, first: Int32[np.ndarray, "rows"]) -> Int32[np.ndarray, "rows"]:
    """Return for every question the first one of its chain."""
    components = Components(len(first))
    components.join(np.arange(len(first), dtype=np.int32), first)
    least = np.float32(context.manifest.cut.probability)
    for bucket in range(context.manifest.count("cells", "buckets")):
        for part in context.tables.parts("verdicts", bucket, ["left", "right", "probability"]):
            likely = part["probability"] >= least
            components.join(part["left"][likely], part["right"][likely])
    return components.smallest()


def _lots(chain: Int32[np.ndarray, "rows"], size: int) -> Int32[np.ndarray, "rows"]:
    """Return the batch of each question, by its chain; -1 for none."""
    sizes = np.bincount(chain, minlength=len(chain))
    heads = np.flatnonzero(sizes > 1)
    lot_of = np.full(len(chain), -1, np.int32)
    lot, room = -1, 0
    for head, length in zip(heads.tolist(), sizes[heads].tolist(), strict=True):
        if length > room:
            lot, room = lot + 1, size
        room -= length
        lot_of[head] = lot
    lots: Int32[np.ndarray, "rows"] = lot_of[chain]
    return lots


def _write_links(
    context: TaskContext,
    bucket: int,
    chain: Int32[np.ndarray, "rows"],
    lot: Int32[np.ndarray, "rows"],
    lots: int,
) -> int:
    """Write the pairs of a bucket within chains, and return their number."""
    kept: dict[str, list[np.ndarray]] = {name: [] for name in _PAIR}
    for part in context.tables.parts("verdicts", bucket, _PAIR):
        inside: Bool[np.ndarray, "pairs"] = chain[part["left"]] == chain[part["right"]]
        inside &= lot[part["left"]] >= 0
        for name in _PAIR:
            kept[name].append(part[name][inside])
    table = {name: np.concatenate(columns) for name, columns in kept.items()}
    parts = (
        {name: column[places] for name, column in table.items()}
        for places in split_rows(lot[table["left"]], lots)
    )
    counts = {"pairs": len(table["left"])}
    context.tables.write("links", bucket, parts, counts)
    return counts["pairs"]


class Entry(msgspec.Struct):
    """A group and the scores of its pairs, as stored."""

    group: Group
    scores: list[PairScore]

    def packed(self) -> str:
        """Return it as JSON."""
        return json.dumps({"group": dataclasses.asdict(self.group), "scores": self.scores})

    @classmethod
    def unpacked(cls, packed: str) -> "Entry":
        """Read it; leniently, as a text may contain a lone surrogate."""
        return msgspec.convert(json.loads(packed), cls)


def groups(context: TaskContext, lot: int) -> dict[str, int]:
    """Make the groups of a batch, largest first, then by their first question."""
    found = context.tables.gather("members", context.shards, ["row", "first", "id", "text"], lot)
    duplicates = _duplicates(context, found, lot)
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
    context.tables.write("groups", lot, [table], counts)
    return counts


def _duplicates(context: TaskContext, found: dict[str, Any], lot: int) -> Duplicates:
    """Return the duplicates of a batch as of a corpus of its own."""
    manifest = context.manifest
    names = ["left", "right", "cosine", "similarity", "probability"]
    pairs = context.tables.gather("links", manifest.count("cells", "buckets"), names, lot)
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
