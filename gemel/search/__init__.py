"""A durable corpus of questions: stores, neighbours, duplicate groups."""

from gemel.search.approximate import ApproximateNeighbours, Graph
from gemel.search.candidates import ClosePairs, close_pairs
from gemel.search.choosing import EXACT_UP_TO, NEIGHBOURS, Choice, choose_neighbours
from gemel.search.clusters import central_member, connected_groups, linked_groups
from gemel.search.deduping import CUT, FLOOR, find_duplicates
from gemel.search.duplicates import (
    LINKAGES,
    Duplicates,
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
from gemel.search.matching import Asked, Match
from gemel.search.neighbours import Found, Neighbours
from gemel.search.opening import open_store
from gemel.search.records import Changes, Metadata, NewQuestion, StoredQuestion, StoreState, Value
from gemel.search.reindexing import reindex
from gemel.search.restoring import restore
from gemel.search.reviewing import Chosen, ReviewPair, choose_for_review
from gemel.search.scoring import score_pairs
from gemel.search.sqlite import SQLiteStore
from gemel.search.store import Store

__all__ = [
    "ApproximateNeighbours",
    "Asked",
    "CUT",
    "Changes",
    "Choice",
    "Chosen",
    "ClosePairs",
    "Duplicates",
    "DuplicateIndex",
    "ExactNeighbours",
    "EXACT_UP_TO",
    "FLOOR",
    "Filled",
    "Follower",
    "Found",
    "GROUP_KINDS",
    "Graph",
    "Group",
    "LINKAGES",
    "Match",
    "Member",
    "Metadata",
    "NEIGHBOURS",
    "Neighbours",
    "NewQuestion",
    "PairScore",
    "ReviewPair",
    "SQLiteStore",
    "ScoredPairs",
    "Store",
    "StoreState",
    "StoredQuestion",
    "Value",
    "central_member",
    "check_group_file",
    "choose_for_review",
    "choose_neighbours",
    "close_pairs",
    "connected_groups",
    "fill_store",
    "find_duplicates",
    "linked_groups",
    "open_store",
    "reindex",
    "require_cut",
    "restore",
    "score_pairs",
    "write_groups",
]
