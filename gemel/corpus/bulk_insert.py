"""Files of questions into a store; begun twice, what is there already is passed over."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from gemel.corpus.typed_rows import typed_questions
from gemel.data import BadRows, Question, QuestionColumns, Rows, Source, Value
from gemel.inference import Engine
from gemel.store.base import Store
from gemel.store.records import Metadata, NewQuestion
from gemel.text import Progress

_LOT = 8192
"""Questions that are encoded, and kept, at one time."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What became of the questions of a file."""

    added: int
    """How many are new."""
    replaced: int
    """How many took the place of another text of their id."""
    there: int
    """How many were there already, just as they are."""
    questions: int
    """How many the store holds now."""


def fill_store(
    store: Store,
    engine: Engine,
    questions: str | Path | Source | Rows,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    prefix: str = "",
    replace: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> Filled:
    """Keep the questions of a file, lot by lot.

    What was stopped is begun once more and goes on: a question whose id is there with the same
    text and the same metadata is passed over.

    Args:
        store: where they are kept.
        engine: encodes.
        questions: see `stream_questions`; a question without word or mark makes a bad row.
        columns: question, id and what is kept with them, where they are not the usual ones; see
            `typed_questions` for its types.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        prefix: goes before every id, so that those of several files differ.
        replace: whether a question takes the place of another one of its id.
        threads: how many compute.
        progress: is told how many questions are done.

    Raises:
        DataError: a question cannot be read, there is none, or an id is there with another text.
        ModelMismatchError: another model made the vectors of the store.
        StoreError: nothing can be kept; what was kept before stays.
    """
    source, bad_rows = Source.of(questions), BadRows.of(skip_bad)
    source.require()
    added = replaced = there = 0
    with typed_questions(store, engine, source, columns, bad_rows, progress) as rows:
        while lot := list(itertools.islice(rows, _LOT)):
            new, kept = _told_apart(store, lot, prefix, source, replace=replace)
            vectors = engine.encode([question.text for question in new.values()], threads=threads)
            store.add(list(new.values()), vectors, engine.model.fingerprint, replace=replace)
            added, replaced, there = (
                added + len(new) - kept,
                replaced + kept,
                there + len(lot) - len(new),
            )
            if progress is not None:
                progress("keeping questions", added + replaced + there, None)
    if not added + replaced + there:
        raise source.error("has no questions")
    return Filled(added=added, replaced=replaced, there=there, questions=store.state().questions)


def _told_apart(
    store: Store, lot: list[Question], prefix: str, source: Source, *, replace: bool
) -> tuple[dict[str, NewQuestion], int]:
    """Give the questions of a lot that must be kept, by id, and how many others they replace.

    Raises:
        DataError: an id is taken, in the lot or in the store, by something else.
    """
    new: dict[str, NewQuestion] = {}
    kept = {each.id: each for each in store.find([prefix + row.id for row in lot]) if each}
    for row in lot:
        question = NewQuestion(id=prefix + row.id, text=row.text, metadata=row.kept)
        before = new.get(question.id, kept.get(question.id))
        if before is not None and _is_same(before, question):
            continue
        if before is not None and (question.id in new or not replace):
            advice = "give each an id of its own (--id), or those of this file a --prefix"
            if question.id not in new:
                advice += ", or add --replace"
            raise source.error(
                f"has the id {question.id!r:.60}, under which another question is kept "
                f"({before.text!r:.60}); {advice}",
                row.line,
            )
        new[question.id] = question
    return new, len(new.keys() & kept.keys())


def _is_same(one: NewQuestion, other: NewQuestion) -> bool:
    return one.text == other.text and _present(one.metadata) == _present(other.metadata)


def _present(metadata: Metadata) -> dict[str, Value]:
    """Take an empty text for no value, which older releases stored for an empty cell."""
    return {name: None if value == "" else value for name, value in metadata.items()}
