"""A large run from a file of questions to duplicate groups, stage by stage, shard by shard."""

import functools
import itertools
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gemel.config import DedupeOptions, require_whole
from gemel.data import BadRows, QuestionColumns, QuestionRow, Source
from gemel.errors import DataError
from gemel.files import path_text
from gemel.folder import check_place, save_model
from gemel.inference import Engine, stream_answerable
from gemel.scale.cell_stages import assign, cells
from gemel.scale.copy_stages import alike, clean, encode, exact, mark, masks, templates
from gemel.scale.executor import Workers
from gemel.scale.group_stages import chains, groups, members
from gemel.scale.manifest import Cut, Manifest, Run, StageRecord
from gemel.scale.pair_stages import pairs, verdicts
from gemel.scale.parquet_shards import Columns, ParquetShards, require_parquet
from gemel.scale.sharded_duplicates import ShardedDuplicates
from gemel.scale.task_context import MODEL, TaskContext
from gemel.text import Progress


@dataclass(frozen=True)
class Stage:
    """A function of a context and a task's number, and its number of tasks."""

    work: Callable[[TaskContext, int], dict[str, int]]
    tasks: Callable[[TaskContext], int]
    done_with: tuple[str, ...] = ()
    """Stages whose files are no longer needed after this one."""
    telling_apart: bool = False
    """Whether it is only for models that compare vectors alone, so that different texts can be
    equal."""
    cuts: bool = False
    """Whether it depends on probability and linkage."""


def _one(context: TaskContext) -> int:
    return 1


def _shards(context: TaskContext) -> int:
    return context.shards


def _buckets(context: TaskContext) -> int:
    return context.manifest.count("cells", "buckets")


def _lots(context: TaskContext) -> int:
    return context.manifest.count("chains", "lots")


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
"""Stages after `read`, in order."""


def run_task(path: Path, stage: str, number: int) -> dict[str, Any]:
    """Run a task of a stage, and return its counts and costs."""
    context = TaskContext(path)
    began = time.process_time()
    counts = STAGES[stage].work(context, number)
    busy = time.process_time() - began
    return {"counts": counts, "busy": busy, "read": context.tables.read_bytes}


def read(
    tables: ParquetShards,
    questions: Iterable[QuestionRow],
    shard_size: int,
    source: str,
    progress: Callable[[int], object],
) -> StageRecord:
    """Write questions into shards; existing shards are not written again.

    Args:
        source: name of the file in errors.
        progress: callback with the number of questions done.

    Raises:
        DataError: there are no questions.
        OSError: the disk is full or read-only.
    """
    rows, named, shards = 0, False, 0
    for lot in _batches(questions, shard_size):
        names = [question.id for question in lot]
        lines = [question.line for question in lot]
        named |= any(name != str(line) for name, line in zip(names, lines, strict=True))
        if not tables.holds("read", shards):
            table: Columns = {
                "id": names,
                "line": np.array(lines, np.int64),
                "text": [question.text for question in lot],
            }
            tables.write("read", shards, [table], {"questions": len(lot)})
        rows += len(lot)
        shards += 1
        progress(rows)
    if not shards:
        raise DataError("has no questions", path=source)
    return StageRecord(shards=shards, counts={"questions": rows, "named": int(named)})


def _batches(questions: Iterable[QuestionRow], size: int) -> Iterator[list[QuestionRow]]:
    source = iter(questions)
    return iter(lambda: list(itertools.islice(source, size)), [])


MOST_SHARD = 100_000_000
SHARD_SIZE = 200_000
"""Default questions per shard: a few hundred megabytes of memory per worker."""


def dedupe_in_shards(
    engine: Engine,
    source: Source,
    work: Path,
    workers: Callable[[Path], Workers],
    *,
    options: DedupeOptions | None = None,
    columns: QuestionColumns | None = None,
    bad_rows: BadRows | None = None,
    shard_size: int = SHARD_SIZE,
    progress: Progress | None = None,
    **changes: Any,
) -> ShardedDuplicates:
    """Find groups of duplicates in memory bounded by the size of a shard.

    An interrupted run resumes when repeated. Another `probability` or `linkage` regroups the same
    pairs.

    Args:
        work: work folder; every worker must see it at this path.
        workers: makes the workers, given the folder.
        columns: question and id, if not the usual ones.
        bad_rows: receives bad rows; has the number to skip.
        options: options of the groups; `changes` are its fields by name.
        shard_size: questions per shard.
        progress: `progress(done, total)` callback per stage.

    Raises:
        ConfigError: an invalid value, or the folder is of another run.
        DataError: the questions cannot be read, there are none, or an id is repeated.
        MissingExtraError: pyarrow is not installed.
        ScaleError: a task's process died repeatedly; finished work remains.
        OSError: the disk is full or read-only; finished work remains.
    """
    require_parquet()
    options = DedupeOptions.of(options, **changes)
    shard_size = require_whole("shard_size, the questions of a shard,", shard_size, 1, MOST_SHARD)
    if path_text(work.resolve()) != str(work.resolve()):
        raise DataError(
            "is not UTF-8, and no Parquet file can be opened there; name another work folder",
            path=path_text(work),
        )
    if source.file is None:
        raise DataError("cannot be resumed; name a file", path=source.path)
    source.require()
    columns = columns or QuestionColumns()
    run = Run.of(source, columns, engine.model.fingerprint, options.floor, shard_size)
    manifest = _open(work, run, Cut(options.probability, options.linkage), engine)
    report: Progress = progress or (lambda *_: None)
    if "read" not in manifest.stages:
        _read(engine, source, manifest, columns, bad_rows or BadRows(0), report)
    waiting = [
        name
        for name, stage in STAGES.items()
        if name not in manifest.stages and not (stage.telling_apart and engine.reads_letters)
    ]
    if waiting:
        with workers(work) as made:
            for name in waiting:
                _run_stage(name, manifest, made, report)
    return ShardedDuplicates(work)


def _open(work: Path, run: Run, cut: Cut, engine: Engine) -> Manifest:
    """Create a work folder or resume it."""
    if not (work / "manifest.json").exists():
        if work.exists() and (not work.is_dir() or any(work.iterdir())):
            raise DataError(
                "holds something else than a large run; name a new folder with --work", path=work
            )
        work.mkdir(parents=True, exist_ok=True)
        manifest = Manifest(work, run, cut)
        manifest.save()
    manifest = Manifest.load(work)
    if manifest.run != run and not manifest.stages.keys() - {"read", "clean"}:
        # Little is lost, and a file that could not be read may be mended now.
        for name in ("read", "clean", "exact", MODEL):
            shutil.rmtree(work / name, ignore_errors=True)
        manifest = Manifest(work, run, cut)
        manifest.save()
    manifest.require(run)
    if manifest.cut != cut:
        for name in [name for name, stage in STAGES.items() if stage.cuts]:
            manifest.stages.pop(name, None)
        # Before the files go: who is stopped here finds no stage that has none any more.
        manifest.save()
        for name in [name for name, stage in STAGES.items() if stage.cuts]:
            shutil.rmtree(work / name, ignore_errors=True)
        shutil.rmtree(work / "links", ignore_errors=True)
        manifest.cut = cut
        manifest.save()
    if not (work / MODEL).exists():
        check_place(work / MODEL)
        save_model(engine.model, work / MODEL)
    return manifest


def _read(
    engine: Engine,
    source: Source,
    manifest: Manifest,
    columns: QuestionColumns,
    bad_rows: BadRows,
    progress: Progress,
) -> None:
    began, busy = time.perf_counter(), time.process_time()
    context = TaskContext(manifest.path)
    record = read(
        context.tables,
        stream_answerable(engine, source, columns, bad_rows),
        manifest.run.shard_size,
        manifest.run.source,
        lambda rows: progress("read", rows, None),
    )
    record.seconds = round(time.perf_counter() - began, 3)
    record.busy = round(time.process_time() - busy, 3)
    _note(manifest, "read", record)


def _run_stage(name: str, manifest: Manifest, workers: Workers, progress: Progress) -> None:
    """Run the tasks of a stage whose shards are missing."""
    context = TaskContext(manifest.path)
    tasks = STAGES[name].tasks(context)
    record = StageRecord(shards=tasks, counts={})
    there = {
        number: counts for number in range(tasks) if (counts := context.tables.counts(name, number))
    }
    for counts in there.values():
        _add(record.counts, counts)
    began, done = time.perf_counter(), len(there)
    progress(name, done, tasks)
    missing = [number for number in range(tasks) if number not in there]
    task = functools.partial(run_task, manifest.path, name)
    for finished in workers.run(task, missing, stage=name):
        _add(record.counts, finished.value["counts"])
        record.busy += finished.value["busy"]
        record.read += finished.value["read"]
        record.peak_mb = max(record.peak_mb, finished.peak_mb)
        done += 1
        progress(name, done, tasks)
    record.seconds = round(time.perf_counter() - began, 3)
    record.busy = round(record.busy, 3)
    _note(manifest, name, record)
    for earlier in STAGES[name].done_with:
        shutil.rmtree(manifest.path / earlier, ignore_errors=True)


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def _note(manifest: Manifest, name: str, record: StageRecord) -> None:
    written = (manifest.path / name, *([manifest.path / "links"] if name == "chains" else []))
    record.written = sum(
        file.stat().st_size for folder in written if folder.exists() for file in folder.iterdir()
    )
    manifest.stages[name] = record
    manifest.save()
