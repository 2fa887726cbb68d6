"""Large runs: from a file of questions to duplicate groups, stage by stage."""

import functools
import itertools
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from gemel.config import DedupeOptions, require_whole
from gemel.data import BadRows, QuestionColumns, QuestionRow, Source
from gemel.errors import DataError
from gemel.files import path_text
from gemel.folder import check_place, save_model
from gemel.inference import Engine, stream_answerable
from gemel.scale.manifest import Cut, Manifest, Run, StageRecord
from gemel.scale.parquet_shards import Columns, Shelf, require_parquet
from gemel.scale.sharded_duplicates import ShardedDuplicates
from gemel.scale.stages import STAGES, run_task
from gemel.scale.task_context import MODEL, Desk
from gemel.scale.tasks import Workers
from gemel.text import Progress


def read(
    shelf: Shelf,
    questions: Iterable[QuestionRow],
    shard_size: int,
    source: str,
    progress: Callable[[int], object],
) -> StageRecord:
    """Write questions into shards; of those that are there already none is written again.

    Args:
        shelf: where.
        questions: all, in order.
        shard_size: questions of a shard.
        source: what errors call the file.
        progress: callback `progress(done, total)` in questions.

    Raises:
        DataError: there are none.
        OSError: the disk is full, or read-only.
    """
    rows, named, shards = 0, False, 0
    for lot in _lots(questions, shard_size):
        names = [question.id for question in lot]
        lines = [question.line for question in lot]
        named |= any(name != str(line) for name, line in zip(names, lines, strict=True))
        if not shelf.holds("read", shards):
            table: Columns = {
                "id": names,
                "line": np.array(lines, np.int64),
                "text": [question.text for question in lot],
            }
            shelf.write("read", shards, [table], {"questions": len(lot)})
        rows += len(lot)
        shards += 1
        progress(rows)
    if not shards:
        raise DataError("has no questions", path=source)
    return StageRecord(shards=shards, counts={"questions": rows, "named": int(named)})


def _lots(questions: Iterable[QuestionRow], size: int) -> Iterator[list[QuestionRow]]:
    source = iter(questions)
    return iter(lambda: list(itertools.islice(source, size)), [])


MOST_SHARD = 100_000_000
"""The most questions of a shard."""
SHARD_SIZE = 200_000
"""Questions of a shard, if nothing else is said: some hundred megabytes of memory a worker."""


def dedupe_in_shards(
    engine: Engine,
    source: Source,
    work: Path,
    workers: Callable[[Path], Workers],
    *,
    options: DedupeOptions,
    columns: QuestionColumns | None = None,
    bad_rows: BadRows | None = None,
    shard_size: int = SHARD_SIZE,
    progress: Progress | None = None,
) -> ShardedDuplicates:
    """Find the groups of questions that ask the same, in memory bounded by the size of a shard.

    What is done is in the work folder; a run that was stopped or killed resumes when
    begun once more. Another `probability` or `linkage` makes other groups of the same pairs.

    Args:
        engine: encodes and judges.
        source: the file of questions.
        work: the folder; all that run tasks must see it at this path.
        workers: makes what runs the tasks, given the folder.
        columns: question and id, if not the usual ones.
        bad_rows: receives bad rows, and gives how many may be skipped.
        options: options of the groups.
        shard_size: questions of a shard.
        progress: is told how far each stage is.

    Raises:
        ConfigError: no probability, no linkage, no shard, or another run is in the folder.
        DataError: the questions cannot be read, there are none, or an id is repeated.
        MissingExtraError: pyarrow is not installed.
        ScaleError: a task's process died again and again; what is done stays.
        OSError: the disk is full, or read-only; what is done stays.
    """
    require_parquet()
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
    told: Progress = progress or (lambda *_: None)
    if "read" not in manifest.stages:
        _read(engine, source, manifest, columns, bad_rows or BadRows(0), told)
    waiting = [
        name
        for name, stage in STAGES.items()
        if name not in manifest.stages and not (stage.telling_apart and engine.reads_letters)
    ]
    if waiting:
        with workers(work) as made:
            for name in waiting:
                _run_stage(name, manifest, made, told)
    return ShardedDuplicates(work)


def _open(work: Path, run: Run, cut: Cut, engine: Engine) -> Manifest:
    """Begin a work folder, or resume it."""
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
    told: Progress,
) -> None:
    began, busy = time.perf_counter(), time.process_time()
    desk = Desk(manifest.path)
    record = read(
        desk.shelf,
        stream_answerable(engine, source, columns, bad_rows),
        manifest.run.shard_size,
        manifest.run.source,
        lambda rows: told("read", rows, None),
    )
    record.seconds = round(time.perf_counter() - began, 3)
    record.busy = round(time.process_time() - busy, 3)
    _note(manifest, "read", record)


def _run_stage(name: str, manifest: Manifest, workers: Workers, told: Progress) -> None:
    """Run the tasks of a stage whose shards are not there yet."""
    desk = Desk(manifest.path)
    tasks = STAGES[name].tasks(desk)
    record = StageRecord(shards=tasks, counts={})
    there = {
        number: counts for number in range(tasks) if (counts := desk.shelf.counts(name, number))
    }
    for counts in there.values():
        _add(record.counts, counts)
    began, done = time.perf_counter(), len(there)
    told(name, done, tasks)
    missing = [number for number in range(tasks) if number not in there]
    task = functools.partial(run_task, manifest.path, name)
    for finished in workers.run(task, missing, stage=name):
        _add(record.counts, finished.value["counts"])
        record.busy += finished.value["busy"]
        record.read += finished.value["read"]
        record.peak_mb = max(record.peak_mb, finished.peak_mb)
        done += 1
        told(name, done, tasks)
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
