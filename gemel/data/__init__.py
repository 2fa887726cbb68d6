"""Pairs of questions: reading, graph, splits, batches."""

from gemel.data.audit import audit_files
from gemel.data.audit_report import Audit, FileAudit
from gemel.data.batches import Batch, Batches
from gemel.data.graph import PairGraph, connect
from gemel.data.overlap import Overlap, measure_overlap
from gemel.data.pairs import Pairs, QuestionPair
from gemel.data.readers import Columns, read_pairs, stream_pairs
from gemel.data.splits import Split, hold_out, split_by_component

__all__ = [
    "Audit",
    "Batch",
    "Batches",
    "Columns",
    "FileAudit",
    "Overlap",
    "PairGraph",
    "Pairs",
    "QuestionPair",
    "Split",
    "audit_files",
    "connect",
    "hold_out",
    "measure_overlap",
    "read_pairs",
    "split_by_component",
    "stream_pairs",
]
