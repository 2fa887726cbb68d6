"""A corpus: add, search, check, review."""

from gemel.corpus.duplicate_index import DuplicateIndex
from gemel.corpus.matches import Match, Query
from gemel.corpus.reviews import (
    REVIEW_KINDS,
    Chosen,
    ExportedReviews,
    ReviewPair,
    check_review_file,
    choose_for_review,
    review_lines,
    write_reviews,
)
from gemel.corpus.store_jobs import Filled, fill_store, reindex

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
