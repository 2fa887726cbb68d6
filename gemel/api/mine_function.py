"""The verb that makes harder pairs of labelled ones."""

from pathlib import Path

from gemel.api.inputs import open_engine, open_pairs
from gemel.data import BadRows, Columns, Pairs, QuestionColumns, Rows, Source
from gemel.errors import DataError
from gemel.folder import Model
from gemel.inference import Engine, stream_answerable
from gemel.mining.hard_negatives import judge_with
from gemel.mining.mined import Mined, write_negatives
from gemel.mining.mined_files import check_mined_file
from gemel.mining.mining_questions import gather_questions
from gemel.mining.mining_rules import MiningRules
from gemel.mining.mining_vectors import encode_questions
from gemel.pretrained import DEFAULT_MODEL
from gemel.text import Progress


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
