"""Public functions about questions: dedupe, corpora, hard negatives, reviews."""

from pathlib import Path
from typing import Any

from gemel.api.inputs import open_engine, open_pairs
from gemel.config import DedupeOptions, MiningRules, ShardOptions
from gemel.corpus import (
    DuplicateIndex,
    ExportedReviews,
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
from gemel.duplicates import Duplicates, find_duplicates
from gemel.errors import DataError
from gemel.folder import Model
from gemel.inference import Engine, stream_answerable
from gemel.mining.hard_negatives import judge_with
from gemel.mining.mined import Mined, check_mined_file, write_negatives
from gemel.mining.mining_questions import encode_questions, gather_questions
from gemel.pretrained import DEFAULT_MODEL
from gemel.scale import ShardedDuplicates
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
        create: create a missing corpus.
        serving: optimise for many queries; see `Follower`.
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
    """Store the questions of a file in a corpus, created if missing.

    An interrupted call resumes when repeated. A metadata column of `columns` has the given type
    (`year:int`), that of the corpus, or the detected one.

    Args:
        prefix: prefix of every id, to load several files.
        replace: replace stored questions of the same id.

    Raises:
        DataError: also if an id has another text.
    """
    source = Source.of(questions)
    source.require()
    with open_index(db, model) as opened:
        return fill_store(
            opened.store,
            opened.engine,
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
    """Compute the vectors of a corpus with another model; the old ones are used meanwhile.

    An interrupted call resumes when repeated.

    Returns:
        Number of questions with new vectors; 0 if they had them before.
    """
    engine = open_engine(model)
    with open_store(str(db), create=False) as store:
        return reindex_store(store, engine, threads=threads, progress=progress)


def backup(db: str | Path, path: str | Path) -> None:
    """Write a consistent copy of a corpus into one new file, while others work.

    Raises:
        StoreError: the corpus is missing, or the file cannot be written.
        DataError: `path` exists.
    """
    with open_store(str(db), create=False) as store:
        store.backup(path)


def restore(path: str | Path, db: str | Path) -> None:
    """Create a corpus from a backup.

    Raises:
        StoreError: the backup is missing or damaged, or the corpus cannot be written.
        DataError: the corpus is not empty.
    """
    restore_store(path, str(db))


def dedupe(
    questions: str | Path | Rows,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    options: DedupeOptions | None = None,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    threads: int = 1,
    progress: Progress | None = None,
    **changes: Any,
) -> Duplicates:
    """Find duplicate groups: `dedupe("questions.csv").groups`.

    Raises:
        DataError: also if an id is repeated.
    """
    options = DedupeOptions.of(options, **changes)
    engine = open_engine(model)
    ids, texts = _read(engine, Source.of(questions), columns, BadRows.of(skip_bad))
    return find_duplicates(engine, ids, texts, options, threads=threads, progress=progress)


def dedupe_in_shards(
    questions: str | Path,
    work: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    options: DedupeOptions | None = None,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    progress: Progress | None = None,
    **changes: Any,
) -> ShardedDuplicates:
    """Like `dedupe`, for files of any size: in shards, on several processes.

    Args:
        work: folder of intermediate files; an interrupted run resumes from it.
        options: how groups are made, and shards if it is `ShardOptions`.
        **changes: fields of `ShardOptions` by name, such as `engine="ray"`.

    Raises:
        ScaleError: see `gemel.scale.dedupe_in_shards`.
    """
    sharded = ShardOptions.of(ShardOptions(**vars(options)) if options else None, **changes)
    return run_in_shards(
        open_engine(model),
        Source.of(questions),
        Path(work),
        options=sharded,
        columns=columns,
        bad_rows=BadRows.of(skip_bad),
        progress=progress,
    )


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
    """Mine hard negatives: `mine("pairs.csv", "harder.csv", rules=MiningRules(count=1))`.

    The first questions of duplicates are anchors; negatives are similar questions outside the
    anchor's duplicate group, which chains of pairs form.

    Args:
        out: a `.csv`, `.tsv`, `.jsonl` or `.parquet` file.
        corpus: questions to take negatives from; those of the pairs if None.
        rules: rules for negatives; the top-3 if None.
        form: "triplet", "n-tuple", "labeled-pair" or "labeled-list".

    Raises:
        DataError: also if the pairs have no duplicates, or no negative was found.
    """
    out, rules = Path(out), rules or MiningRules()
    check_mined_file(out, form, overwrite=overwrite)
    _refuse_own(out, pairs, corpus)
    engine, bad_rows = open_engine(model), BadRows.of(skip_bad)
    given, texts = open_pairs(pairs, columns, bad_rows), None
    if corpus is not None:
        rows = stream_answerable(engine, Source.of(corpus), corpus_columns, bad_rows)
        texts = (row.text for row in rows)
    questions = gather_questions(given, texts)
    vectors = encode_questions(
        engine, questions, neighbours=neighbours, threads=threads, progress=progress
    )
    likely = None if rules.max_probability is None else judge_with(engine, questions, vectors)
    return write_negatives(
        out, questions, vectors, rules, form=form, likely=likely, threads=threads, progress=progress
    )


def _refuse_own(out: Path, *sources: object) -> None:
    files = [Path(source) for source in sources if isinstance(source, str | Path)]
    if out.exists() and any(file.exists() and out.samefile(file) for file in files):
        raise DataError("cannot be written over with its own negatives", path=out)


def export_reviews(db: str | Path, path: str | Path, *, overwrite: bool = False) -> ExportedReviews:
    """Write the decided pairs of a corpus to a file that `fit` and `train` read.

    Columns: `question1`, `question2`, `is_duplicate` (1 or 0), `reviewer`, `decided_at` (UTC),
    `id1` and `id2`. Skipped pairs are left out.

    Args:
        path: a `.csv`, `.tsv` or `.jsonl` file.
    """
    check_review_file(path, overwrite=overwrite)
    with open_store(str(db), create=False) as store:
        return write_reviews(store, path)
