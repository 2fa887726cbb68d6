"""Pairs of questions and single questions: reading, audit, graph, splits, batches."""

from gemel.data.augmentation import Contrasts, Slips
from gemel.data.bad_rows import BadRows
from gemel.data.batches import Batch, Batches
from gemel.data.column_layout import QuestionRow
from gemel.data.columns import HTML_MODES, Columns, QuestionColumns, separator_word
from gemel.data.duplicate_graph import Components, PairGraph, connect
from gemel.data.frames import Rows, is_frame
from gemel.data.helpdesk_sample import SamplePart, SampleReport, write_sample
from gemel.data.metadata_types import (
    ColumnConflict,
    ColumnScan,
    Value,
    as_type,
    describe_types,
    describe_value,
    detect,
    plain_value,
    type_of,
)
from gemel.data.pair_audit import Audit, FileAudit, Overlap, audit_files, measure_overlap
from gemel.data.pairs import Pairs, QuestionPair, merge_pairs
from gemel.data.readers import (
    Row,
    UnlabelledPair,
    read_pairs,
    stream_pairs,
    stream_questions,
    stream_rows,
    stream_unlabelled,
)
from gemel.data.sources import KINDS, Source
from gemel.data.split_files import SplitPart, SplitReport, copy_rows, split_file
from gemel.data.splits import NOWHERE, Split, deal_crossing, hold_out, split_by_component

__all__ = [
    "Audit",
    "BadRows",
    "Batch",
    "Batches",
    "ColumnConflict",
    "ColumnScan",
    "Columns",
    "Components",
    "Contrasts",
    "FileAudit",
    "HTML_MODES",
    "KINDS",
    "NOWHERE",
    "Overlap",
    "PairGraph",
    "Pairs",
    "SplitPart",
    "QuestionRow",
    "QuestionColumns",
    "QuestionPair",
    "Row",
    "Rows",
    "SamplePart",
    "SampleReport",
    "Slips",
    "Source",
    "Split",
    "SplitReport",
    "UnlabelledPair",
    "Value",
    "as_type",
    "audit_files",
    "connect",
    "copy_rows",
    "deal_crossing",
    "describe_types",
    "describe_value",
    "detect",
    "hold_out",
    "is_frame",
    "measure_overlap",
    "merge_pairs",
    "plain_value",
    "read_pairs",
    "separator_word",
    "split_by_component",
    "split_file",
    "stream_pairs",
    "stream_questions",
    "stream_rows",
    "stream_unlabelled",
    "type_of",
    "write_sample",
]
