"""Duplicate groups among questions."""

from gemel.duplicates.bounded_pairs import ClosePairs
from gemel.duplicates.candidate_scores import score_pairs
from gemel.duplicates.candidates import close_pairs
from gemel.duplicates.duplicate_groups import Duplicates, FoundGroups, Group, Member, ScoredPairs
from gemel.duplicates.group_files import GROUP_KINDS, check_group_file, write_groups
from gemel.duplicates.linkage import central_member, connected_groups, linked_groups
from gemel.duplicates.pair_scores import PairScore
from gemel.duplicates.pipeline import find_duplicates
from gemel.duplicates.question_templates import Template

__all__ = [
    "ClosePairs",
    "Duplicates",
    "FoundGroups",
    "Group",
    "GROUP_KINDS",
    "Member",
    "PairScore",
    "ScoredPairs",
    "Template",
    "central_member",
    "check_group_file",
    "close_pairs",
    "connected_groups",
    "find_duplicates",
    "linked_groups",
    "score_pairs",
    "write_groups",
]
