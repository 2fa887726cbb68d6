"""Stages that join pairs to chains, and chains to duplicate groups."""

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
from gemel.scale.task_context import Desk, split_rows

_PAIR = ("left", "right", "cosine", "similarity", "probability")


def chains(desk: Desk, number: int) -> dict[str, int]:
    """Find the chains of likely pairs and copies, and deal them into batches; only one task does.

    It holds a few numbers a question, and of the pairs a part at a time. In `links` it leaves the
    pairs of each bucket that join two of one chain, a part for each batch. A lot is of as many
    questions as a shard, or fewer; a longer chain is one by itself.
    """
    rows = desk.manifest.count("read", "questions")
    first = _first_rows(desk, rows)
    chain = _join(desk, first)
    lot = _lots(chain, desk.manifest.run.shard_size)
    lots = int(lot.max(initial=0)) + 1
    counts = {"grouped": int((lot >= 0).sum()), "lots": lots, "pairs": 0, "longest": 0}
    if counts["grouped"]:
        counts["longest"] = int(np.bincount(chain[lot >= 0]).max())
    for bucket in range(desk.manifest.count("cells", "buckets")):
        counts["pairs"] += _write_links(desk, bucket, chain, lot, lots)
    grouped = np.flatnonzero(lot >= 0).astype(np.int32)
    table = {"row": grouped, "first": first[grouped], "lot": lot[grouped]}
    shard = grouped // desk.manifest.run.shard_size
    parts = (
        {name: column[places] for name, column in table.items()}
        for places in split_rows(shard, desk.shards)
    )
    desk.shelf.write("chains", number, parts, counts)
    return counts


def members(desk: Desk, shard: int) -> dict[str, int]:
    """Return the questions of a shard that are in chains to their batches, a part for each."""
    found = desk.shelf.read("chains", 0, ["row", "first", "lot"], shard)
    read = desk.shelf.read("read", shard, ["id", "text"])
    places = found["row"] - desk.first_row(shard)

    def parts() -> Iterator[Columns]:
        for of in split_rows(found["lot"], desk.manifest.count("chains", "lots")):
            part: dict[str, np.ndarray | list[str]] = {
                name: found[name][of] for name in ("row", "first")
            }
            for name in ("id", "text"):
                part[name] = [read[name][place] for place in places[of].tolist()]
            yield part

    counts = {"questions": len(places)}
    desk.shelf.write("members", shard, parts(), counts)
    return counts


def _first_rows(desk: Desk, rows: int) -> Int32[np.ndarray, "rows"]:
    """Return for every question the first one that it is a copy of, or itself."""
    first = np.arange(rows, dtype=np.int32)
    for stage in ("exact", "alike"):
        if stage not in desk.manifest.stages:
            continue
        into = np.arange(rows, dtype=np.int32)
        for bucket in range(desk.shards):
            found = desk.shelf.read(stage, bucket, ["row", "first"])
            into[found["row"]] = found["first"]
        # What is a copy of a question that is like an earlier one is like that one too.
        first = into[first]
    return first


def _join(desk: Desk, first: Int32[np.ndarray, "rows"]) -> Int32[np.ndarray, "rows"]:
    """Return for every question the first one of its chain."""
    components = Components(len(first))
    components.join(np.arange(len(first), dtype=np.int32), first)
    least = np.float32(desk.manifest.cut.probability)
    for bucket in range(desk.manifest.count("cells", "buckets")):
        for part in desk.shelf.parts("verdicts", bucket, ["left", "right", "probability"]):
            likely = part["probability"] >= least
            components.join(part["left"][likely], part["right"][likely])
    return components.smallest()


def _lots(chain: Int32[np.ndarray, "rows"], size: int) -> Int32[np.ndarray, "rows"]:
    """Deal chains into batches, in order; -1 for a question that is in none."""
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
    desk: Desk,
    bucket: int,
    chain: Int32[np.ndarray, "rows"],
    lot: Int32[np.ndarray, "rows"],
    lots: int,
) -> int:
    """Write the pairs of a bucket that lie within chains; give how many they are."""
    kept: dict[str, list[np.ndarray]] = {name: [] for name in _PAIR}
    for part in desk.shelf.parts("verdicts", bucket, _PAIR):
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
    desk.shelf.write("links", bucket, parts, counts)
    return counts["pairs"]


class Entry(msgspec.Struct):
    """A group, and the scores of its pairs, as the file of a batch holds them."""

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
    """Make the groups of a batch; the largest come first, of one size that of the first question."""
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
    """Take a batch for a corpus by itself."""
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
