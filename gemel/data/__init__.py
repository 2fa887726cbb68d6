"""Pairs of questions: reading, graph, splits, batches."""

from gemel.data.batches import Batch, Batches
from gemel.data.graph import PairGraph, connect
from gemel.data.pairs import Pairs, QuestionPair
from gemel.data.readers import Columns, read_pairs, stream_pairs
from gemel.data.splits import Split, hold_out, split_by_component

__all__ = [
    "Batch",
    "Batches",
    "Columns",
    "PairGraph",
    "Pairs",
    "QuestionPair",
    "Split",
    "connect",
    "hold_out",
    "read_pairs",
    "split_by_component",
    "stream_pairs",
]
