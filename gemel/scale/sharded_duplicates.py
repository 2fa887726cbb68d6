"""Results of a large run, read from its work folder on demand."""

import functools
import heapq
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gemel.duplicates.duplicate_groups import Group, PairScore
from gemel.duplicates.question_templates import Template
from gemel.scale.group_stages import Entry
from gemel.scale.manifest import StageRecord, TaskContext


class ShardedDuplicates:
    """Duplicate groups in the work folder of a finished run; few are in memory at a time.

    Raises:
        DataError: `path` is no such folder.
    """

    def __init__(self, path: Path):
        self.path = path
        context = TaskContext(path)
        self._tables, self._manifest = context.tables, context.manifest
        count = self._manifest.count
        self.floor = self._manifest.run.floor
        self.probability = self._manifest.grouping.probability
        self.linkage = self._manifest.grouping.linkage
        self.questions = count("read", "questions")
        self.exact = count("exact", "copies")
        self.grouped = count("groups", "grouped")
        self.judged = count("verdicts", "pairs")
        self.left_out = count("pairs", "left_out")

    @property
    def stages(self) -> dict[str, StageRecord]:
        """Counts and costs of each stage, in order."""
        return self._manifest.stages

    def __len__(self) -> int:
        return self._manifest.count("groups", "groups")

    @functools.cached_property
    def templates(self) -> tuple[Template, ...]:
        """Questions that differ only in their numbers, the largest template first."""
        tables, size = self._tables, self._manifest.run.shard_size
        buckets = range(self._manifest.stages["templates"].shards)
        of = [tables.read("templates", bucket, ["template"])["template"] for bucket in buckets]
        first, counts = np.unique(np.concatenate(of), return_counts=True)
        texts: dict[int, str] = {}
        for shard in np.unique(first // size).tolist():
            read = tables.read("read", shard, ["text"])["text"]
            texts |= {row: read[row % size] for row in first[first // size == shard].tolist()}
        found = zip(first.tolist(), counts.tolist(), strict=True)
        largest = sorted(found, key=lambda each: (-each[1], each[0]))
        return tuple(Template(texts[row], count) for row, count in largest)

    @property
    def groups(self) -> Iterator[Group]:
        """The groups, largest first, read anew each time."""
        return (entry.group for entry in self._entries())

    def scores(self) -> Iterator[list[PairScore]]:
        """Yield the scores of the scored pairs of each group, in order."""
        return (entry.scores for entry in self._entries())

    def _entries(self) -> Iterator[Entry]:
        batches = range(self._manifest.stages["groups"].shards)
        merged = heapq.merge(*map(self._batch, batches), key=lambda found: found[:2])
        return (Entry.unpacked(entry) for _, _, entry in merged)

    def _batch(self, number: int) -> Iterator[tuple[int, int, str]]:
        for part in self._tables.parts("groups", number, ["size", "first", "entry"]):
            sizes, firsts = (-part["size"]).tolist(), part["first"].tolist()
            yield from zip(sizes, firsts, part["entry"], strict=True)
