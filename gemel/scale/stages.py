"""The stages of a large run, in order, and running a task of one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.scale.cell_stages import assign, cells
from gemel.scale.copy_stages import alike, clean, encode, exact, mark, masks, templates
from gemel.scale.group_stages import chains, groups, members
from gemel.scale.pair_stages import pairs, verdicts
from gemel.scale.task_context import Desk


@dataclass(frozen=True)
class Stage:
    """A stage: a function of the desk and a task's number, and how many tasks it has."""

    work: Callable[[Desk, int], dict[str, int]]
    tasks: Callable[[Desk], int]
    done_with: tuple[str, ...] = ()
    """Stages whose files nothing needs once this one is done."""
    telling_apart: bool = False
    """Whether it is only for models that see no letters, to which different texts can be one."""
    cuts: bool = False
    """Whether it hangs on what makes groups of pairs."""


def _one(desk: Desk) -> int:
    return 1


def _shards(desk: Desk) -> int:
    return desk.shards


def _buckets(desk: Desk) -> int:
    return desk.manifest.count("cells", "buckets")


def _lots(desk: Desk) -> int:
    return desk.manifest.count("chains", "lots")


STAGES: dict[str, Stage] = {
    "clean": Stage(clean, _shards),
    "exact": Stage(exact, _shards, done_with=("clean",)),
    "masks": Stage(masks, _shards),
    "templates": Stage(templates, _shards, done_with=("masks",)),
    "encode": Stage(encode, _shards),
    "mark": Stage(mark, _shards, telling_apart=True),
    "alike": Stage(alike, _shards, done_with=("mark",), telling_apart=True),
    "cells": Stage(cells, _one),
    "assign": Stage(assign, _shards, done_with=("encode",)),
    "pairs": Stage(pairs, _buckets),
    "verdicts": Stage(verdicts, _buckets, done_with=("assign", "pairs")),
    "chains": Stage(chains, _one, cuts=True),
    "members": Stage(members, _shards, cuts=True),
    "groups": Stage(groups, _lots, done_with=("links", "members"), cuts=True),
}
"""All but `read`, which goes before them, by name."""


def run_task(path: Path, stage: str, number: int) -> dict[str, Any]:
    """Run a task of a stage, and note next to its counts what it took.

    Args:
        path: the work folder.
        stage: its name.
        number: of the task, from 0.
    """
    desk = Desk(path)
    began = time.process_time()
    counts = STAGES[stage].work(desk, number)
    busy = time.process_time() - began
    return {"counts": counts, "busy": busy, "read": desk.shelf.read_bytes}
