"""A corpus: add, search, check, review."""

from gemel.corpus.bulk_insert import Filled, fill_store
from gemel.corpus.duplicate_index import DuplicateIndex
from gemel.corpus.matches import Match, Query
from gemel.corpus.reindex_job import reindex
from gemel.corpus.review_files import (
    REVIEW_KINDS,
    ExportedReviews,
    check_review_file,
    review_lines,
    write_reviews,
)
from gemel.corpus.review_selection import Chosen, ReviewPair, choose_for_review

__all__ = [
    "REVIEW_KINDS",
    "Chosen",
    "DuplicateIndex",
    "ExportedReviews",
    "Filled",
    "Match",
    "Query",
    "ReviewPair",
    "check_review_file",
    "choose_for_review",
    "fill_store",
    "reindex",
    "review_lines",
    "write_reviews",
]
