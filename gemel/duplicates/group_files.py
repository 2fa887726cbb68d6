"""Duplicate groups as CSV, JSON Lines and HTML files."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from gemel.duplicates.duplicate_groups import FoundGroups
from gemel.files import check_writable, new_file, require_new_file

_PAIRS = 1024
"""Pairs written at a time."""


def check_group_file(path: str | Path, *, overwrite: bool = False) -> None:
    """Check that groups can be written to a file.

    Raises:
        DataError: an unknown extension, or it exists.
        MissingExtraError: a page needs Jinja.
        OSError: it cannot be written.
    """
    path = Path(path)
    require_new_file(path, GROUP_KINDS, overwrite=overwrite)
    if path.suffix == ".html":
        from gemel.pages import check_groups_page

        check_groups_page()
    check_writable(path)


def write_groups(found: FoundGroups, path: str | Path) -> None:
    """Write groups to a file, complete or not at all; docs/file-formats.md has the columns.

    Raises:
        OSError: it cannot be written; an existing file is unchanged.
    """
    path = Path(path)
    parts = _WRITERS[path.suffix](found)
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as stream:
        for part in parts:
            stream.write(part.encode("utf-8", "replace"))


def _csv(found: FoundGroups) -> Iterator[str]:
    yield "group,component,central,probability,id,question\r\n"
    for number, group in enumerate(found.groups, 1):
        lines = io.StringIO()
        rows = csv.writer(lines)
        for place, member in enumerate(group.members):
            likely = "" if member.probability is None else f"{member.probability:.6f}"
            rows.writerow((number, group.component, int(not place), likely, member.id, member.text))
        yield lines.getvalue()


def _json_lines(found: FoundGroups) -> Iterator[str]:
    for number, (group, scores) in enumerate(zip(found.groups, found.scores(), strict=True), 1):
        entry = json.dumps({"group": number, **dataclasses.asdict(group)})
        yield entry[:-1] + ', "pairs": ['
        # A group of thousands has millions of pairs: as one text they would take gigabytes.
        for start in range(0, len(scores), _PAIRS):
            some = [json.dumps(score._asdict()) for score in scores[start : start + _PAIRS]]
            yield (", " if start else "") + ", ".join(some)
        yield "]}\n"


def _page(found: FoundGroups) -> Iterator[str]:
    from gemel.pages import render_groups

    yield render_groups(
        questions=found.questions,
        exact=found.exact,
        gone=found.grouped - len(found),
        probability=found.probability,
        linkage=found.linkage,
        floor=found.floor,
        templates=found.templates,
        left_out=found.left_out,
        groups=[[dataclasses.asdict(member) for member in group.members] for group in found.groups],
    )


_WRITERS: dict[str, Callable[[FoundGroups], Iterator[str]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".html": _page,
}
GROUP_KINDS = tuple(_WRITERS)
"""File extensions for groups."""
