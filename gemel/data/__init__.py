"""Pairs of questions: reading, graph, splits, batches."""

from gemel.data.bad_rows import BadRows
from gemel.data.batches import Batch, Batches
from gemel.data.copying import copy_rows
from gemel.data.graph import PairGraph, connect
from gemel.data.layouts import Columns
from gemel.data.pairs import Pairs, QuestionPair
from gemel.data.readers import Row, read_pairs, stream_pairs, stream_rows
from gemel.data.splits import Split, split_by_component

__all__ = [
    "BadRows",
    "Batch",
    "Batches",
    "Columns",
    "PairGraph",
    "Pairs",
    "QuestionPair",
    "Row",
    "Split",
    "connect",
    "copy_rows",
    "read_pairs",
    "split_by_component",
    "stream_pairs",
    "stream_rows",
]
