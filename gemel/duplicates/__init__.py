"""Duplicate groups among questions."""

from gemel.duplicates.candidates import close_pairs
from gemel.duplicates.duplicate_groups import (
    Duplicates,
    FoundGroups,
    Group,
    Member,
    PairScore,
    ScoredPairs,
)
from gemel.duplicates.group_files import check_group_file, write_groups
from gemel.duplicates.pipeline import find_duplicates, score_pairs
from gemel.duplicates.question_templates import Template

__all__ = [
    "Duplicates",
    "FoundGroups",
    "Group",
    "Member",
    "PairScore",
    "ScoredPairs",
    "Template",
    "check_group_file",
    "close_pairs",
    "find_duplicates",
    "score_pairs",
    "write_groups",
]
