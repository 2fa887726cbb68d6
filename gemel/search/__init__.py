"""A durable corpus of questions: stores, neighbours, duplicate groups."""

from gemel.search.approximate import ApproximateNeighbours, Graph
from gemel.search.bounded_pairs import ClosePairs
from gemel.search.candidates import close_pairs
from gemel.search.checking import MOST_METADATA, describe_excess, is_plain
from gemel.search.choosing import EXACT_UP_TO, NEIGHBOURS, Choice, choose_neighbours
from gemel.search.clusters import central_member, connected_groups, linked_groups
from gemel.search.corpus import Corpus
from gemel.search.deduping import CUT, FLOOR, find_duplicates
from gemel.search.duplicates import (
    LINKAGES,
    Duplicates,
    FoundGroups,
    Group,
    Member,
    PairScore,
    ScoredPairs,
    require_cut,
)
from gemel.search.exact import ExactNeighbours
from gemel.search.filling import Filled, fill_store
from gemel.search.following import Follower
from gemel.search.group_files import GROUP_KINDS, check_group_file, write_groups
from gemel.search.index import DuplicateIndex
from gemel.search.keys import KEY_SCOPES, KeyRecord, KeyStore, key_hash
from gemel.search.matching import Asked, Match
from gemel.search.mining import Mined
from gemel.search.mining_rules import MiningRules
from gemel.search.neighbours import Found, Neighbours
from gemel.search.opening import open_store
from gemel.search.records import (
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
    Value,
)
from gemel.search.reindexing import reindex
from gemel.search.relational import RelationalStore
from gemel.search.restoring import restore
from gemel.search.review_files import (
    REVIEW_KINDS,
    Exported,
    check_review_file,
    review_lines,
    write_reviews,
)
from gemel.search.reviewing import Chosen, ReviewPair, choose_for_review
from gemel.search.reviews import ReviewStore
from gemel.search.scoring import score_pairs
from gemel.search.sqlite import SQLiteStore
from gemel.search.store import Store
from gemel.search.templates import Template

__all__ = [
    "ApproximateNeighbours",
    "Asked",
    "Changes",
    "Choice",
    "Chosen",
    "ClosePairs",
    "Corpus",
    "CUT",
    "DuplicateIndex",
    "Duplicates",
    "EXACT_UP_TO",
    "ExactNeighbours",
    "Exported",
    "Filled",
    "FLOOR",
    "Follower",
    "Found",
    "FoundGroups",
    "Graph",
    "Group",
    "GROUP_KINDS",
    "KEY_SCOPES",
    "KeyRecord",
    "KeyStore",
    "LINKAGES",
    "Match",
    "Mined",
    "MiningRules",
    "Member",
    "MOST_METADATA",
    "Metadata",
    "NEIGHBOURS",
    "Neighbours",
    "NewQuestion",
    "NewReview",
    "PairScore",
    "RelationalStore",
    "Review",
    "REVIEW_ANSWERS",
    "REVIEW_KINDS",
    "ReviewCounts",
    "ReviewPair",
    "ReviewStore",
    "ScoredPairs",
    "SQLiteStore",
    "Store",
    "StoredQuestion",
    "StoreState",
    "Template",
    "Typed",
    "Value",
    "central_member",
    "check_group_file",
    "check_review_file",
    "choose_for_review",
    "choose_neighbours",
    "close_pairs",
    "connected_groups",
    "describe_excess",
    "fill_store",
    "find_duplicates",
    "is_plain",
    "key_hash",
    "linked_groups",
    "open_store",
    "reindex",
    "require_cut",
    "restore",
    "review_lines",
    "score_pairs",
    "write_groups",
    "write_reviews",
]
