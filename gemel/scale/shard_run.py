"""A large run from a file of questions to duplicate groups, stage by stage, shard by shard."""

import difflib
import functools
import importlib
import itertools
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from gemel.config import ShardOptions
from gemel.data import BadRows, QuestionColumns, QuestionRow, Source
from gemel.errors import ConfigError, DataError
from gemel.files import path_text
from gemel.folder import check_place, save_model
from gemel.inference import Engine, stream_answerable
from gemel.scale.cell_stages import assign, cells, pairs, verdicts
from gemel.scale.copy_stages import alike, clean, encode, exact, mark, masks, templates
from gemel.scale.executor import LocalWorkers, Workers
from gemel.scale.group_stages import chains, groups, members
from gemel.scale.manifest import MODEL, Grouping, Manifest, Run, StageRecord, TaskContext
from gemel.scale.parquet_shards import Columns, StageOutput, require_parquet
from gemel.scale.sharded_duplicates import ShardedDuplicates
from gemel.text import Progress

ENGINES = ("local", "ray")
SHARD_SIZE = 200_000
"""Default questions per shard: a few hundred megabytes of memory per worker."""
_SHARDS, _BUCKETS, _BATCHES = map(attrgetter, ("shards", "buckets", "batches"))


@dataclass(frozen=True)
class Stage:
    """A function of a context and a task's number, and its number of tasks."""

    work: Callable[[TaskContext, int], StageOutput]
    tasks: Callable[[TaskContext], int]
    done_with: tuple[str, ...] = ()
    """Stages whose files are no longer needed after this one."""
    for_vectors: bool = False
    """Whether only models that compare vectors alone need it, as different texts can be equal."""
    regroups: bool = False
    """Whether it depends on probability and linkage."""


STAGES: dict[str, Stage] = {
    "clean": Stage(clean, _SHARDS),
    "exact": Stage(exact, _SHARDS, done_with=("clean",)),
    "masks": Stage(masks, _SHARDS),
    "templates": Stage(templates, _SHARDS, done_with=("masks",)),
    "encode": Stage(encode, _SHARDS),
    "mark": Stage(mark, _SHARDS, for_vectors=True),
    "alike": Stage(alike, _SHARDS, done_with=("mark",), for_vectors=True),
    "cells": Stage(cells, lambda _: 1),
    "assign": Stage(assign, _SHARDS, done_with=("encode",)),
    "pairs": Stage(pairs, _BUCKETS),
    "verdicts": Stage(verdicts, _BUCKETS, done_with=("assign", "pairs")),
    "chains": Stage(chains, lambda _: 1, regroups=True),
    "members": Stage(members, _SHARDS, regroups=True),
    "groups": Stage(groups, _BATCHES, done_with=("links", "members"), regroups=True),
}
"""Stages after `read`, in order."""


def dedupe_in_shards(
    engine: Engine,
    source: Source,
    work: Path,
    workers: Callable[[Path], Workers] | None = None,
    *,
    options: ShardOptions | None = None,
    columns: QuestionColumns | None = None,
    bad_rows: BadRows | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> ShardedDuplicates:
    """Find groups of duplicates in memory bounded by the size of a shard.

    An interrupted run resumes when repeated. Another `probability` or `linkage` regroups the same
    pairs.

    Args:
        engine, source: the model, and the file of questions.
        work: work folder; every worker must see it at this path.
        workers: makes the workers, given the folder; those of `options` if None.
        options: options of the run; `changes` are its fields by name.
        columns: question and id, if not the usual ones.
        bad_rows: receives bad rows; has the number to skip.
        progress: counts questions read, then tasks of each stage.

    Raises:
        ConfigError: an invalid value, or the folder is of another run.
        DataError: the questions cannot be read, there are none, or an id is repeated.
        MissingExtraError: pyarrow or Ray is not installed.
        ScaleError: Ray fails; a task's process died repeatedly; finished work remains.
        OSError: the disk is full or read-only; finished work remains.
    """
    require_parquet()
    options = ShardOptions.of(options, **changes)
    _require_engine(options)
    workers = workers or functools.partial(choose_workers, options)
    if path_text(work.resolve()) != str(work.resolve()):
        raise DataError(
            "is not UTF-8, and no Parquet file can be opened there; name another work folder",
            path=path_text(work),
        )
    if source.file is None:
        raise DataError("cannot be resumed; name a file", path=source.path)
    source.require()
    columns, bad_rows = columns or QuestionColumns(), bad_rows or BadRows(0)
    shard_size = options.shard_size or SHARD_SIZE
    run = Run.of(source, columns, engine.model.fingerprint, options.floor, shard_size)
    context = _open(work, run, Grouping(options.probability, options.linkage), engine)
    stages = context.manifest.stages
    report: Progress = progress or (lambda *_: None)
    if "read" not in stages:
        _read(context, stream_answerable(engine, source, columns, bad_rows), report)
    waiting = [
        name
        for name, stage in STAGES.items()
        if name not in stages and not (stage.for_vectors and engine.reads_letters)
    ]
    if waiting:
        with workers(work) as opened:
            for name in waiting:
                _run_stage(name, context, opened, report)
    return ShardedDuplicates(work)


def choose_workers(options: ShardOptions, folder: Path | None = None) -> Workers:
    """Return the workers of an engine, to be closed by the caller; see `RayWorkers`.

    Raises:
        ConfigError: no such engine, an address without Ray, or fewer than one process.
        MissingExtraError: Ray is not installed.
        ScaleError: Ray does not start or answer, or its machines are unsuitable.
    """
    _require_engine(options)
    if options.engine == "ray":
        from gemel.scale.ray_workers import RayWorkers

        return RayWorkers(options.address, options.processes, folder=folder)
    return LocalWorkers(options.processes)


def _require_engine(options: ShardOptions) -> None:
    """Check, before long work, that an engine can be used."""
    engine, address = options.engine, options.address
    if engine == "ray":
        importlib.import_module("gemel.scale.ray_workers")
    elif engine not in ("local", None):
        close = difflib.get_close_matches(engine, ENGINES, n=1)
        known = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(ENGINES)}"
        raise ConfigError(f"no engine {engine!r}; {known}")
    elif address is not None:
        raise ConfigError(f"address {address!r} is of a Ray cluster: add engine 'ray'")


def run_task(path: Path, stage: str, number: int) -> dict[str, Any]:
    """Run a task of a stage, and return its counts and costs."""
    context = TaskContext(path)
    began = time.process_time()
    parts, counts = STAGES[stage].work(context, number)
    context.tables.write(stage, number, parts, counts)
    busy = time.process_time() - began
    return {"counts": counts, "busy": busy, "read": context.tables.read_bytes}


def _open(work: Path, run: Run, grouping: Grouping, engine: Engine) -> TaskContext:
    """Create a work folder or resume it."""
    if not (work / "manifest.json").exists():
        if work.exists() and (not work.is_dir() or any(work.iterdir())):
            raise DataError(
                "holds something else than a large run; name a new folder with --work", path=work
            )
        work.mkdir(parents=True, exist_ok=True)
        Manifest(run=run, grouping=grouping).save(work)
    context = TaskContext(work)
    if context.manifest.run != run and not context.manifest.stages.keys() - {"read", "clean"}:
        # Little is lost, and a file that could not be read may have been corrected.
        for name in ("read", "clean", "exact", MODEL):
            shutil.rmtree(work / name, ignore_errors=True)
        context.manifest = Manifest(run=run, grouping=grouping)
        context.manifest.save(work)
    for name in Run.__struct_fields__:
        was, now = getattr(context.manifest.run, name), getattr(run, name)
        if was != now:
            raise ConfigError(
                f"{work}: holds a run of another {name}: {was!r:.80}, now {now!r:.80}; "
                "name another --work folder, or remove this one"
            )
    if context.manifest.grouping != grouping:
        regrouped = [name for name, stage in STAGES.items() if stage.regroups]
        for name in regrouped:
            context.manifest.stages.pop(name, None)
        # Before the files are removed: a run interrupted here lists no stage without files.
        context.manifest.save(work)
        for name in (*regrouped, "links"):
            shutil.rmtree(work / name, ignore_errors=True)
        context.manifest.grouping = grouping
        context.manifest.save(work)
    if not (work / MODEL).exists():
        check_place(work / MODEL)
        save_model(engine.model, work / MODEL)
    return context


def _read(context: TaskContext, questions: Iterable[QuestionRow], progress: Progress) -> None:
    """Write questions into shards; existing shards are not written again."""
    began, busy = time.perf_counter(), time.process_time()
    rows, named, shards, questions = 0, False, 0, iter(questions)
    while batch := list(itertools.islice(questions, context.manifest.run.shard_size)):
        names = [question.id for question in batch]
        lines = [question.line for question in batch]
        named |= any(name != str(line) for name, line in zip(names, lines, strict=True))
        if context.tables.counts("read", shards) is None:
            table: Columns = {
                "id": names,
                "line": np.array(lines, np.int64),
                "text": [question.text for question in batch],
            }
            context.tables.write("read", shards, [table], {"questions": len(batch)})
        rows += len(batch)
        shards += 1
        progress("read", rows, None)
    if not shards:
        raise DataError("has no questions", path=context.manifest.run.source)
    record = StageRecord(
        shards=shards,
        counts={"questions": rows, "named": int(named)},
        seconds=round(time.perf_counter() - began, 3),
        busy=round(time.process_time() - busy, 3),
    )
    _save(context, "read", record)


def _run_stage(name: str, context: TaskContext, workers: Workers, progress: Progress) -> None:
    """Run the tasks of a stage whose shards are missing."""
    stage, began = STAGES[name], time.perf_counter()
    tasks = stage.tasks(context)
    record = StageRecord(shards=tasks, counts={})
    totals, missing = Counter[str](), []
    for number in range(tasks):
        counts = context.tables.counts(name, number)
        if counts is None:
            missing.append(number)
        else:
            totals.update(counts)
    done = tasks - len(missing)
    progress(name, done, tasks)
    task = functools.partial(run_task, context.path, name)
    for finished in workers.run(task, missing, stage=name):
        totals.update(finished.value["counts"])
        record.busy += finished.value["busy"]
        record.read += finished.value["read"]
        record.peak_mb = max(record.peak_mb, finished.peak_mb)
        done += 1
        progress(name, done, tasks)
    record.counts = dict(totals)
    record.seconds = round(time.perf_counter() - began, 3)
    record.busy = round(record.busy, 3)
    _save(context, name, record)
    for earlier in stage.done_with:
        shutil.rmtree(context.path / earlier, ignore_errors=True)


def _save(context: TaskContext, name: str, record: StageRecord) -> None:
    """List a finished stage in the manifest."""
    for folder in (name, *(["links"] if name == "chains" else [])):
        record.written += sum(file.stat().st_size for file in (context.path / folder).glob("*"))
    context.manifest.stages[name] = record
    context.manifest.save(context.path)
