"""Duplicate groups in words."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gemel.cli.printable import shortened

if TYPE_CHECKING:
    from gemel.search import Duplicates

__all__ = ["describe_duplicates"]

_GROUPS, _MEMBERS = 5, 4
"""Groups that are shown, and questions of each."""


def describe_duplicates(found: "Duplicates", written: Sequence[Path]) -> Iterator[str]:
    """Say what was found, and show the largest groups.

    Args:
        found: the groups.
        written: files that have all of them.
    """
    gone = len(found.ids) - len(found.kept)
    groups = f"{len(found.groups):,} group{'' if len(found.groups) == 1 else 's'}"
    yield (
        f"{len(found.ids):,} questions: {sum(map(len, found.groups)):,} have a duplicate, in "
        f"{groups}; {gone:,} could go"
    )
    yield (
        f"{found.exact:,} are copies of others; the rest by a probability of "
        f"{found.probability:g} and more, linkage {found.linkage}, cosine {found.floor:g} and more"
    )
    room = max(20, shutil.get_terminal_size().columns - 10)
    for group in found.groups[:_GROUPS]:
        yield ""
        yield f"{len(group):,} questions"
        for member in group.members[:_MEMBERS]:
            likely = "   " if member.probability is None else f"{member.probability:.2f}"
            yield f"  {likely:>5}  {shortened(member.text, room)}"
        if len(group) > _MEMBERS:
            yield f"         and {len(group) - _MEMBERS:,} more"
    yield ""
    if len(found.groups) > _GROUPS:
        yield f"the {_GROUPS} largest groups of {len(found.groups):,}"
    for path in written:
        yield f"{path}: written"
    if found.groups and not written:
        yield "--out groups.csv, .jsonl or .html writes all of them"
