"""Stages `chains` and `members`: which questions a chain of pairs holds together, each in a lot."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int32

from gemel.data import Components
from gemel.scale.parquet_shards import Columns
from gemel.scale.task_context import Desk, split_rows

_PAIR = ("left", "right", "cosine", "similarity", "probability")


def chains(desk: Desk, number: int) -> dict[str, int]:
    """Find the chains of likely pairs and copies, and deal them into lots; only one task does.

    It holds a few numbers a question, and of the pairs a part at a time. In `links` it leaves the
    pairs of each bucket that join two of one chain, a part for each lot. A lot is of as many
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
    """Give the questions of a shard that are in chains to their lots, a part for each."""
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
    """Give for every question the first one that it is a copy of, or itself."""
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
    """Give for every question the first one of its chain."""
    components = Components(len(first))
    components.join(np.arange(len(first), dtype=np.int32), first)
    least = np.float32(desk.manifest.cut.probability)
    for bucket in range(desk.manifest.count("cells", "buckets")):
        for part in desk.shelf.parts("verdicts", bucket, ["left", "right", "probability"]):
            likely = part["probability"] >= least
            components.join(part["left"][likely], part["right"][likely])
    return components.smallest()


def _lots(chain: Int32[np.ndarray, "rows"], size: int) -> Int32[np.ndarray, "rows"]:
    """Deal chains into lots, in order; -1 for a question that is in none."""
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
