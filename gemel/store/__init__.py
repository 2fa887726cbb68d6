"""Durable stores of questions, in SQLite or PostgreSQL."""

from gemel.store.base import (
    KEY_SCOPES,
    REVIEW_ANSWERS,
    Changes,
    Corpus,
    KeyRecord,
    KeyStore,
    Metadata,
    NewQuestion,
    NewReview,
    Review,
    ReviewCounts,
    ReviewStore,
    Store,
    StoredQuestion,
    StoreState,
    Typed,
)
from gemel.store.connection import open_store, restore
from gemel.store.input_checks import MOST_METADATA, describe_excess, is_plain
from gemel.store.service_keys import key_hash
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
