"""Rows of ids in lexicographic order, and as a tree of shared prefixes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64, Shaped, UInt64

from gemel.text.token_table import TokenTable

_SORTED_BY = 16
"""Tokens that rows are sorted by; few have longer shared prefixes."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


def rows_alike(table: TokenTable) -> Int64[np.ndarray, "rows"]:
    """Return an order of rows by their first tokens."""
    if len(table) == 1:
        return np.zeros(1, np.int64)
    return np.argsort(_keys(table), kind="stable")


def distinct_rows(
    table: TokenTable,
) -> tuple[Int64[np.ndarray, "distinct"], Int64[np.ndarray, "rows"]]:
    """Return distinct rows, sorted by their beginnings, and for each row its distinct one."""
    if len(table) == 1:
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    hashes = _hashes(table)
    keys = _keys(table)
    whole = np.empty(len(table), [("first", keys.dtype), ("hash", "S8")])
    whole["first"], whole["hash"] = keys, hashes.astype(">u8").view("S8")
    order = np.argsort(whole.view(f"S{whole.itemsize}"), kind="stable")
    maybe = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]]) + 1
    is_new = np.ones(len(table), bool)
    is_new[maybe] = ~_equal(table, order[maybe - 1], order[maybe])
    places = np.empty(len(table), np.int64)
    places[order] = np.cumsum(is_new) - 1
    return order[is_new], places


def _keys(table: TokenTable) -> Shaped[np.ndarray, "rows"]:
    """Return bytes that sort like the first tokens."""
    width = min(_SORTED_BY, int(table.lengths.max(initial=1)))
    keys = np.zeros((len(table), width), ">u4")
    places = np.arange(width)
    has = places < table.lengths[:, None]
    keys[has] = table.ids[(table.starts[:-1, None] + places)[has]].astype(np.uint32) + 1
    return keys.view(f"S{4 * width}")[:, 0]


def _hashes(table: TokenTable) -> UInt64[np.ndarray, "rows"]:
    """Return a hash of each row."""
    places = np.arange(len(table.ids)) - np.repeat(table.starts[:-1], table.lengths)
    mixed = (table.ids.astype(np.uint64) << np.uint64(32)) + places.astype(np.uint64) + _ODD
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    sums = np.add.reduceat(mixed, table.starts[:-1]) if len(table) else mixed
    return sums * _ODD + table.lengths.astype(np.uint64)


def _equal(
    table: TokenTable, one: Int64[np.ndarray, "chosen"], other: Int64[np.ndarray, "chosen"]
) -> Shaped[np.ndarray, "chosen"]:
    """Return which pairs of rows have the same tokens."""
    equal = table.lengths_of(one) == table.lengths_of(other)
    left, right = table.gather(one[equal]), table.gather(other[equal])
    if len(left):
        differ = np.add.reduceat(left.ids != right.ids, left.starts[:-1], dtype=np.int64)
        equal[equal] = differ == 0
    found: Shaped[np.ndarray, "chosen"] = equal
    return found


@dataclass(frozen=True, eq=False)
class Level:
    """Nodes of a prefix tree at one depth."""

    tokens: Int32[np.ndarray, "nodes"]
    """Last token of each node."""
    parents: Int32[np.ndarray, "nodes"]
    """Parent of each node, ascending."""
    rows: Int64[np.ndarray, "ended"]
    """Rows that end here, at these nodes."""
    nodes: Int32[np.ndarray, "ended"]


def prefix_levels(table: TokenTable) -> Iterator[Level]:
    """Yield the levels of the prefix tree of a table's rows.

    The state of an LSTM depends on the prefix, so it is computed once a node. A third of the tokens
    of Quora's questions are shared this way. Prefixes longer than `rows_alike` sorts may have
    several nodes. Rows without tokens end on no level.
    """
    rows = rows_alike(table)
    starts, lengths = table.starts[rows], table.lengths[rows]
    parents = np.zeros(len(rows), np.int32)
    depth = 0
    while True:
        is_longer = lengths > depth
        if not is_longer.all():
            rows, starts, lengths, parents = (
                each[is_longer] for each in (rows, starts, lengths, parents)
            )
        if not len(rows):
            return
        tokens = table.ids[starts + depth]
        is_new = np.ones(len(rows), bool)
        is_new[1:] = (tokens[1:] != tokens[:-1]) | (parents[1:] != parents[:-1])
        nodes = np.cumsum(is_new, dtype=np.int32) - 1
        depth += 1
        ended = lengths == depth
        yield Level(tokens[is_new], parents[is_new], rows[ended], nodes[ended])
        parents = nodes
