"""Rows of ids as a tree: what many questions begin with is there once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64

from gemel.text.row_order import rows_alike
from gemel.text.token_table import TokenTable


@dataclass(frozen=True, eq=False)
class Level:
    """The nodes of a tree at one depth: what rows begin with, up to and with one token."""

    tokens: Int32[np.ndarray, "nodes"]
    """The last token of each node."""
    parents: Int32[np.ndarray, "nodes"]
    """Which node of the level above each one goes on from, ascending."""
    rows: Int64[np.ndarray, "ended"]
    """The rows that end here."""
    nodes: Int32[np.ndarray, "ended"]
    """The node that each of these is."""


def prefix_levels(table: TokenTable) -> Iterator[Level]:
    """Walk down the tree of a table's rows, level by level; above the first is one root.

    An LSTM's state hangs on what it has read, so it needs to be computed once a node. Of Quora's
    questions, sorted, a third of the tokens are a second time what a row before began with.

    Rows that begin alike with more tokens than `rows_alike` looks at may be the same node twice.
    Rows without tokens end on no level.
    """
    rows = rows_alike(table)
    starts, lengths = table.starts[rows], table.lengths[rows]
    parents = np.zeros(len(rows), np.int32)
    depth = 0
    while True:
        goes_on = lengths > depth
        if not goes_on.all():
            rows, starts, lengths = rows[goes_on], starts[goes_on], lengths[goes_on]
            parents = parents[goes_on]
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
