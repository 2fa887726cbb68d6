"""Duplicate groups in words."""

import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gemel.cli.printable import shortened

if TYPE_CHECKING:
    from gemel.search import FoundGroups

__all__ = ["describe_duplicates"]

_GROUPS, _MEMBERS = 5, 4
"""Groups that are shown, and questions of each."""


def describe_duplicates(found: "FoundGroups", written: Sequence[Path]) -> Iterator[str]:
    """Say what was found, and show the largest groups.

    Args:
        found: the groups.
        written: files that have all of them.
    """
    count = len(found)
    groups = f"{count:,} group{'' if count == 1 else 's'}"
    yield (
        f"{found.questions:,} questions: {found.grouped:,} have a duplicate, in {groups}; "
        f"{found.grouped - count:,} could go"
    )
    yield (
        f"{found.exact:,} are copies of others; the rest by a probability of "
        f"{found.probability:g} and more, linkage {found.linkage}, cosine {found.floor:g} and more"
    )
    room = max(20, shutil.get_terminal_size().columns - 10)
    for group in itertools.islice(found.groups, _GROUPS):
        yield ""
        yield f"{len(group):,} questions"
        for member in group.members[:_MEMBERS]:
            likely = "   " if member.probability is None else f"{member.probability:.2f}"
            yield f"  {likely:>5}  {shortened(member.text, room)}"
        if len(group) > _MEMBERS:
            yield f"         and {len(group) - _MEMBERS:,} more"
    yield ""
    if count > _GROUPS:
        yield f"the {_GROUPS} largest groups of {count:,}"
    for path in written:
        yield f"{path}: written"
    if count and not written:
        yield "--out groups.csv, .jsonl or .html writes all of them"
