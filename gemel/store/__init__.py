"""Durable stores of questions, in SQLite or PostgreSQL."""

from gemel.store.base import ReviewStore, Store
from gemel.store.connect import open_store, restore
from gemel.store.corpus_store import Corpus
from gemel.store.input_checks import MOST_METADATA, describe_excess, is_plain
from gemel.store.records import (
    REVIEW_ANSWERS,
    Changes,
    Metadata,
    NewQuestion,
    NewReview,
    Review,
    ReviewCounts,
    StoredQuestion,
    StoreState,
    Typed,
)
from gemel.store.service_keys import KEY_SCOPES, KeyRecord, KeyStore, key_hash
from gemel.store.sql_store import RelationalStore
from gemel.store.sqlite import SQLiteStore

__all__ = [
    "Changes",
    "Corpus",
    "KEY_SCOPES",
    "KeyRecord",
    "KeyStore",
    "MOST_METADATA",
    "Metadata",
    "NewQuestion",
    "NewReview",
    "RelationalStore",
    "Review",
    "REVIEW_ANSWERS",
    "ReviewCounts",
    "ReviewStore",
    "SQLiteStore",
    "Store",
    "StoredQuestion",
    "StoreState",
    "Typed",
    "describe_excess",
    "is_plain",
    "key_hash",
    "open_store",
    "restore",
]
