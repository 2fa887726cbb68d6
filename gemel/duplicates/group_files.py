"""Duplicate groups as files: CSV and JSON Lines for programs, a page for people."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from gemel.duplicates.duplicate_groups import FoundGroups
from gemel.files import check_writable, new_file
from gemel.store.result_files import require_new_file

_PAIRS = 1024
"""Pairs that are written at one time."""


def check_group_file(path: str | Path, *, overwrite: bool = False) -> None:
    """Find out, before long work, whether groups can be written into a file.

    Raises:
        DataError: its name has no known ending, or it exists.
        MissingExtraError: a page, and Jinja is not installed.
        OSError: nothing can be written there.
    """
    path = Path(path)
    require_new_file(path, GROUP_KINDS, overwrite=overwrite)
    if path.suffix == ".html":
        from gemel.pages import check_groups_page

        check_groups_page()
    check_writable(path)


def write_groups(found: FoundGroups, path: str | Path) -> None:
    """Write groups into a file, whole or not at all.

    A `.csv` file has a row for every question of a group: `group`, from 1, the largest first;
    `component`, the chain of pairs that the group is part of; `central`, 1 for the question that
    represents the group; `probability` that it asks the same as that one, empty where the two were
    not judged; `id` and `question`. A `.jsonl` file has a line for every group, with all scores of
    its pairs. A `.html` file is a page to read.

    Args:
        found: the groups.
        path: where; see `check_group_file`. Its folder is made if it is not there.

    Raises:
        OSError: it cannot be written; what stood there stays.
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
"""Endings of the files that groups can be written into."""
