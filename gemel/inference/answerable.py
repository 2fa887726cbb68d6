"""The questions of a file that have something in them to encode."""

from collections.abc import Iterator

from gemel.data import BadRows, Question, QuestionColumns, Source, stream_questions
from gemel.inference.engine import Engine


def stream_answerable(
    engine: Engine, source: Source, columns: QuestionColumns | None, bad_rows: BadRows
) -> Iterator[Question]:
    """Yield the questions of a file; one without word or mark is a bad row.

    Args:
        engine: cleans them.
        source: see `stream_questions`.
        columns: see `stream_questions`.
        bad_rows: is told of bad rows.

    Raises:
        DataError, MissingExtraError: as `stream_questions` does.
    """
    for row in stream_questions(source, columns, bad_rows):
        problem = engine.say_blank(row.text, "the question")
        if problem:
            bad_rows.add(source, row.line, problem, row.text)
        else:
            yield row
