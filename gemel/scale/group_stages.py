"""Stages `chains`, `members` and `groups`: from scored pairs to duplicate groups."""

import dataclasses
import json
from collections.abc import Iterator

import msgspec
import numpy as np
from jaxtyping import Int32

from gemel.data import Components
from gemel.duplicates.duplicate_groups import Duplicates, Group, PairScore, ScoredPairs
from gemel.scale.manifest import TaskContext, split_rows, split_table
from gemel.scale.parquet_shards import Columns, StageOutput

_SCORES = ("cosine", "similarity", "probability")
_PAIR = ("left", "right", *_SCORES)


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


def chains(context: TaskContext, number: int) -> StageOutput:
    """Find the chains of likely pairs and copies, in one task, and split them into batches.

    It holds a few numbers per question and reads the pairs in parts. `links` gets the pairs within
    chains, a part per batch. A batch has at most as many questions as a shard, or one chain.
    """
    first = _first_rows(context)
    chain = _join(context, first)
    batch = _batches(chain, context.manifest.run.shard_size)
    grouped = np.flatnonzero(batch >= 0).astype(np.int32)
    batches = int(batch.max(initial=0)) + 1
    pairs = sum(
        _write_links(context, bucket, chain, batch, batches) for bucket in range(context.buckets)
    )
    longest = int(np.bincount(chain[grouped]).max()) if len(grouped) else 0
    table = {"row": grouped, "first": first[grouped], "lot": batch[grouped]}
    counts = {"grouped": len(grouped), "lots": batches, "pairs": pairs, "longest": longest}
    return context.by_shard(table), counts


def members(context: TaskContext, shard: int) -> StageOutput:
    """Write the questions of a shard that are in chains, a part per batch."""
    found = context.tables.read("chains", 0, ["row", "first", "lot"], shard)
    read = context.tables.read("read", shard, ["id", "text"])
    places = found["row"] - context.first_row(shard)

    def parts() -> Iterator[Columns]:
        for some in split_rows(found["lot"], context.batches):
            numbers = {name: found[name][some] for name in ("row", "first")}
            at = places[some].tolist()
            yield numbers | {name: [read[name][place] for place in at] for name in ("id", "text")}

    return parts(), {"questions": len(places)}


def groups(context: TaskContext, batch: int) -> StageOutput:
    """Make the groups of a batch, largest first, then by their first question."""
    names = ["row", "first", "id", "text"]
    found = context.tables.gather("members", context.shards, names, batch)
    pairs = context.tables.gather("links", context.buckets, _PAIR, batch)
    different, copies = np.unique(found["first"], return_inverse=True)
    left, right = (
        np.searchsorted(different, pairs[side]).astype(np.int32) for side in ("left", "right")
    )
    order = np.lexsort((right, left))
    duplicates = Duplicates(
        ids=found["id"],
        texts=found["text"],
        copies=copies.astype(np.int32),
        exact=0,
        pairs=ScoredPairs(left[order], right[order], *(pairs[name][order] for name in _SCORES)),
        floor=context.manifest.run.floor,
        probability=context.manifest.grouping.probability,
        linkage=context.manifest.grouping.linkage,
    )
    row_of = dict(zip(found["id"], found["row"].tolist(), strict=True))
    entries, sizes, firsts = [], [], []
    for group, scores in zip(duplicates.groups, duplicates.scores(), strict=True):
        component = int(found["row"][group.component])
        entry = Entry(dataclasses.replace(group, component=component), list(scores))
        entries.append(entry.packed())
        sizes.append(len(group))
        firsts.append(min(row_of[member.id] for member in group.members))
    table: Columns = {
        "size": np.array(sizes, np.int32),
        "first": np.array(firsts, np.int32),
        "entry": entries,
    }
    return [table], {"groups": len(sizes), "grouped": sum(sizes)}


def _first_rows(context: TaskContext) -> Int32[np.ndarray, "rows"]:
    """Return for every question the first one that it copies, or itself."""
    rows = context.manifest.count("read", "questions")
    first = np.arange(rows, dtype=np.int32)
    for stage in ("exact", "alike"):
        if stage not in context.manifest.stages:
            continue
        into = np.arange(rows, dtype=np.int32)
        for bucket in range(context.shards):
            found = context.tables.read(stage, bucket, ["row", "first"])
            into[found["row"]] = found["first"]
        # Copies follow the question that they copy.
        first = into[first]
    return first


def _join(context: TaskContext, first: Int32[np.ndarray, "rows"]) -> Int32[np.ndarray, "rows"]:
    """Return for every question the first one of its chain."""
    components = Components(len(first))
    components.join(np.arange(len(first), dtype=np.int32), first)
    least = np.float32(context.manifest.grouping.probability)
    for bucket in range(context.buckets):
        for part in context.tables.parts("verdicts", bucket, ["left", "right", "probability"]):
            likely = part["probability"] >= least
            components.join(part["left"][likely], part["right"][likely])
    return components.smallest()


def _batches(chain: Int32[np.ndarray, "rows"], size: int) -> Int32[np.ndarray, "rows"]:
    """Return the batch of each question, by its chain; -1 for none."""
    sizes = np.bincount(chain, minlength=len(chain))
    heads = np.flatnonzero(sizes > 1)
    batch_of = np.full(len(chain), -1, np.int32)
    batch, free = -1, 0
    for head, length in zip(heads.tolist(), sizes[heads].tolist(), strict=True):
        if length > free:
            batch, free = batch + 1, size
        free -= length
        batch_of[head] = batch
    batches: Int32[np.ndarray, "rows"] = batch_of[chain]
    return batches


def _write_links(
    context: TaskContext,
    bucket: int,
    chain: Int32[np.ndarray, "rows"],
    batch: Int32[np.ndarray, "rows"],
    batches: int,
) -> int:
    """Write the pairs of a bucket within chains, and return their number."""
    columns: dict[str, list[np.ndarray]] = {name: [] for name in _PAIR}
    for part in context.tables.parts("verdicts", bucket, _PAIR):
        inside = (chain[part["left"]] == chain[part["right"]]) & (batch[part["left"]] >= 0)
        for name in _PAIR:
            columns[name].append(part[name][inside])
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    counts = {"pairs": len(table["left"])}
    parts = split_table(table, batch[table["left"]], batches)
    context.tables.write("links", bucket, parts, counts)
    return counts["pairs"]
