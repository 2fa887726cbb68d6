"""Public functions about questions: dedupe, corpora, hard negatives, reviews."""

from functools import partial
from pathlib import Path

from gemel.api.inputs import open_engine, open_pairs
from gemel.corpus import (
    DuplicateIndex,
    Exported,
    Filled,
    check_review_file,
    fill_store,
    write_reviews,
)
from gemel.corpus import reindex as reindex_store
from gemel.data import (
    BadRows,
    Columns,
    Pairs,
    QuestionColumns,
    Rows,
    Source,
    is_frame,
    stream_questions,
)
from gemel.duplicates import CUT, FLOOR, Duplicates, find_duplicates, require_cut
from gemel.errors import DataError
from gemel.folder import Model
from gemel.inference import Engine, stream_answerable
from gemel.mining.hard_negatives import judge_with
from gemel.mining.mined import Mined, write_negatives
from gemel.mining.mined_files import check_mined_file
from gemel.mining.mining_questions import encode_questions, gather_questions
from gemel.mining.mining_rules import MiningRules
from gemel.pretrained import DEFAULT_MODEL
from gemel.scale import (
    SHARD_SIZE,
    ShardedDuplicates,
    Workers,
    choose_workers,
    require_engine,
)
from gemel.scale import dedupe_in_shards as run_in_shards
from gemel.store import SQLiteStore, open_store
from gemel.store import restore as restore_store
from gemel.text import Progress


def open_index(
    db: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    create: bool = True,
    neighbours: str = "auto",
    serving: bool = False,
) -> DuplicateIndex:
    """Open a corpus: `open_index("site.db").check("How old are you?")`.

    Args:
        db: an SQLite file, or `postgresql://…`.
        model: the model that made its vectors, or, of a new one, shall make them.
        create: whether to make it if it is not there.
        neighbours: what finds the nearest: "exact", "approximate", or "auto".
        serving: whether it will be asked for long; see `Follower`.

    Raises:
        FolderError: the model cannot be loaded.
        StoreError: the corpus is not there, damaged, or a newer gemel's.
        ModelMismatchError: another model made its vectors.
        MissingExtraError: it takes packages that are not installed.
    """
    engine = open_engine(model)
    store = open_store(str(db), create=create)
    cache = f"{db}.neighbours" if isinstance(store, SQLiteStore) else None
    try:
        return DuplicateIndex(store, engine, neighbours=neighbours, serving=serving, cache=cache)
    except BaseException:
        store.close()
        raise


def index(
    questions: str | Path | Rows,
    db: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    prefix: str = "",
    replace: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> Filled:
    """Keep the questions of a file in a corpus; what was stopped goes on when begun once more.

    Args:
        questions: a text file with a question a line, a CSV, TSV, JSON Lines or Parquet file, a
            frame, or the questions themselves, whose ids are then their places, from 0.
        db: an SQLite file, made if it is not there, or `postgresql://…`.
        model: what encodes them; of a corpus that is there the model that made its vectors.
        columns: question, id and what is kept with them, where they are not the usual ones. What is
            kept has the type of its column: given (`year:int`), or as in the corpus, or detected.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        prefix: goes before every id, so that those of several files differ.
        replace: whether a question takes the place of another one of its id.
        threads: how many compute.
        progress: is told how many questions are done.

    Raises:
        FolderError, StoreError, ModelMismatchError, MissingExtraError: see `open_index`.
        DataError: the questions cannot be read, or an id is there with another text.
    """
    source = Source.of(questions)
    source.require()
    with open_index(db, model) as kept:
        return fill_store(
            kept.store,
            kept.engine,
            source,
            columns=columns,
            skip_bad=skip_bad,
            prefix=prefix,
            replace=replace,
            threads=threads,
            progress=progress,
        )


def reindex(
    db: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> int:
    """Give all questions of a corpus the vectors of another model; the old ones answer meanwhile.

    What was stopped goes on when begun once more.

    Returns:
        How many questions have its vectors now; 0 if they had them before.

    Raises:
        FolderError, StoreError, MissingExtraError: see `open_index`.
    """
    engine = open_engine(model)
    with open_store(str(db), create=False) as store:
        return reindex_store(store, engine, threads=threads, progress=progress)


def backup(db: str | Path, path: str | Path) -> None:
    """Write a corpus, as it stands at one moment, into one new file, while others go on.

    Raises:
        StoreError: it is not there, or the file cannot be written.
        DataError: something stands at `path`.
    """
    with open_store(str(db), create=False) as store:
        store.backup(path)


def restore(path: str | Path, db: str | Path) -> None:
    """Make a new corpus of a backup.

    Raises:
        StoreError: there is no such backup, or the corpus cannot be written.
        DataError: the corpus holds something already.
    """
    restore_store(path, str(db))


def dedupe(
    questions: str | Path | Rows,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    probability: float = CUT,
    linkage: str = "average",
    floor: float = FLOOR,
    threads: int = 1,
    progress: Progress | None = None,
) -> Duplicates:
    """Find the groups of questions that ask the same: `dedupe("questions.csv").groups`.

    Args:
        questions: a text file with a question a line, a CSV, TSV, JSON Lines or Parquet file, a
            frame, or the questions themselves, in a list or as a column of a frame, whose ids are
            then their places, from 0.
        model: what encodes and judges them.
        columns: question and id, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        probability, linkage, floor, threads, progress: see `find_duplicates`.

    Raises:
        FolderError: the model cannot be loaded.
        DataError: the questions cannot be read, there are none, or an id stands twice.
        ConfigError: no probability, no linkage, or no floor.
    """
    require_cut(probability, linkage, floor)
    engine = open_engine(model)
    ids, texts = _read(engine, Source.of(questions), columns, BadRows.of(skip_bad))
    return find_duplicates(
        engine,
        ids,
        texts,
        probability=probability,
        linkage=linkage,
        floor=floor,
        threads=threads,
        progress=progress,
    )


def dedupe_in_shards(
    questions: str | Path,
    work: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    engine: str = "local",
    address: str | None = None,
    processes: int | None = None,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    probability: float = CUT,
    linkage: str = "average",
    floor: float = FLOOR,
    shard_size: int = SHARD_SIZE,
    progress: Progress | None = None,
) -> ShardedDuplicates:
    """Do as `dedupe` does of a file too large for it: shard by shard, on several processes.

    Args:
        questions: the file.
        work: a folder for what is done; a run that was stopped goes on from there.
        model: what encodes and judges them.
        engine: what runs the tasks: `local`, processes of this machine, or `ray`.
        address: of a Ray cluster; None starts a Ray on this machine.
        processes: how many tasks run at one time; one for each core if None.
        columns: question and id, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        probability, linkage, floor, shard_size, progress: see `gemel.scale.dedupe_in_shards`.

    Raises:
        FolderError: the model cannot be loaded.
        ConfigError, DataError, MissingExtraError, ScaleError, OSError: see
            `gemel.scale.dedupe_in_shards`.
    """
    require_engine(engine, address=address)
    return run_in_shards(
        open_engine(model),
        Source.of(questions),
        Path(work),
        partial(_workers, engine, address, processes),
        columns=columns,
        bad_rows=BadRows.of(skip_bad),
        probability=probability,
        linkage=linkage,
        floor=floor,
        shard_size=shard_size,
        progress=progress,
    )


def _workers(engine: str, address: str | None, processes: int | None, folder: Path) -> Workers:
    return choose_workers(engine, processes=processes, address=address, folder=folder)


def _read(
    engine: Engine, source: Source, columns: QuestionColumns | None, bad_rows: BadRows
) -> tuple[list[str], list[str]]:
    lines: dict[str, int] = {}
    texts = []
    if source.rows is None or is_frame(source.rows):
        rows = stream_answerable(engine, source, columns, bad_rows)
    else:  # of a list, blanks are copies of each other
        rows = stream_questions(source, columns, bad_rows)
    for row in rows:
        if row.id in lines:
            raise source.error(
                f"has the id {row.id!r:.60}, as line {lines[row.id]} has; give each question an "
                "id of its own, or another column with --id",
                row.line,
            )
        lines[row.id] = row.line
        texts.append(row.text)
    if not texts:
        raise source.error("has no questions")
    return list(lines), texts


def mine(
    pairs: str | Path | Pairs | Rows,
    out: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    corpus: str | Path | Rows | None = None,
    rules: MiningRules | None = None,
    form: str = "triplet",
    neighbours: str = "auto",
    columns: Columns | None = None,
    corpus_columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    threads: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Mined:
    """Find hard negatives: `mine("pairs.csv", "harder.csv", rules=MiningRules(count=1))`.

    The first questions of duplicates are anchors; near to each, questions are found that nobody
    says ask the same. None is in the anchor's duplicate group, whatever chain of pairs made it.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, a frame, rows, or pairs already read.
        out: a `.csv`, `.tsv`, `.jsonl` or `.parquet` file.
        model: what finds what is near; the model that came with gemel if none is named.
        corpus: a file or a frame of questions, or the questions, to take the negatives from; if
            None they are taken from the pairs.
        rules: what a negative must be like; three of the nearest if None.
        form: "triplet", "n-tuple", "labeled-pair" or "labeled-list".
        neighbours: what finds the nearest: "exact", "approximate", or "auto".
        columns, corpus_columns: the columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over, of both files; see `read_pairs`.
        threads: how many compute.
        overwrite: whether a file that stands there may be replaced.
        progress: is told how far the work is.

    Raises:
        FolderError: the model cannot be loaded.
        ConfigError: no such form or neighbours.
        DataError: the pairs cannot be read or have no duplicates, no negative was found, or `out`
            may not be written.
        MissingExtraError, OSError: see `check_mined_file`.
    """
    out, rules = Path(out), rules or MiningRules()
    check_mined_file(out, form, overwrite=overwrite)
    _refuse_own(out, pairs, corpus)
    engine, bad_rows = open_engine(model), BadRows.of(skip_bad)
    read = open_pairs(pairs, columns, bad_rows)
    texts = None
    if corpus is not None:
        rows = stream_answerable(engine, Source.of(corpus), corpus_columns, bad_rows)
        texts = (row.text for row in rows)
    questions = gather_questions(read, texts)
    vectors = encode_questions(
        engine, questions, neighbours=neighbours, threads=threads, progress=progress
    )
    likely = None if rules.max_probability is None else judge_with(engine, questions, vectors)
    return write_negatives(
        out,
        questions,
        vectors,
        rules,
        form=form,
        likely=likely,
        threads=threads,
        progress=progress,
    )


def _refuse_own(out: Path, *sources: object) -> None:
    files = [Path(source) for source in sources if isinstance(source, str | Path)]
    if out.exists() and any(file.exists() and out.samefile(file) for file in files):
        raise DataError("cannot be written over with its own negatives", path=out)


def export_reviews(db: str | Path, path: str | Path, *, overwrite: bool = False) -> Exported:
    """Write the decided pairs of a corpus into a file, which `fit` and `train` read.

    A row has `question1`, `question2`, `is_duplicate` (1 or 0), `reviewer`, `decided_at` (UTC),
    `id1` and `id2`, in the order they were decided. Skipped pairs are left out.

    Args:
        db: an SQLite file, or `postgresql://…`.
        path: a `.csv`, `.tsv` or `.jsonl` file, written whole or not at all.
        overwrite: whether a file that stands there may be replaced.

    Returns:
        How many were written, and how many left out.

    Raises:
        StoreError: the corpus is not there, damaged, or a newer gemel's.
        DataError: the file is of no known kind, or stands there.
        OSError: it cannot be written; what stood there stays.
    """
    check_review_file(path, overwrite=overwrite)
    with open_store(str(db), create=False) as store:
        return write_reviews(store, path)
