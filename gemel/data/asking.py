"""Finding what is asked for in a file, pairs or single questions, by its columns."""

from collections.abc import Sequence

from gemel.data.columns import AskedColumns, Columns, QuestionColumns
from gemel.data.layouts import find_places, numbered_places
from gemel.data.places import Places
from gemel.data.question_places import QuestionPlaces, find_question, numbered_question


def find_asked(
    names: Sequence[str], columns: AskedColumns, *, by_number: bool = False
) -> Places | QuestionPlaces:
    """Find the columns among the names that a file has.

    Args:
        names: what its columns are called.
        columns: what is asked for.
        by_number: whether a number that is no name counts as a place.

    Raises:
        BadRowError: a column is not there, or there twice.
    """
    if isinstance(columns, QuestionColumns):
        return find_question(names, columns, by_number=by_number)
    if isinstance(columns, Columns):
        return find_places(names, columns, by_number=by_number)
    raise TypeError(f"asks for nothing: {columns!r}")


def numbered_asked(width: int, columns: AskedColumns) -> Places | QuestionPlaces:
    """Find the columns of a file without a header, which has so many.

    Raises:
        BadRowError: not all that is needed is given by place, or there is no such place.
    """
    if isinstance(columns, QuestionColumns):
        return numbered_question(width, columns)
    if isinstance(columns, Columns):
        return numbered_places(width, columns)
    raise TypeError(f"asks for nothing: {columns!r}")
