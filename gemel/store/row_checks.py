"""Checks of rows read from a store, whose file may be untrusted."""

import math
import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float16, Int64

from gemel.errors import DataError, StoreError
from gemel.store.input_checks import check_questions, is_plain, wrong_vectors
from gemel.store.records import REVIEW_ANSWERS, StoredQuestion
from gemel.store.service_keys import KEY_SCOPES
from gemel.store.sessions import Ledger, Row, Session

_PREFIX = re.compile("[0-9a-f]{8}")
_LATEST = 4e9
"""Latest plausible time, in seconds since 1970: the year 2096."""


def _require(good: bool, what: str, row: object) -> None:
    if not good:
        raise StoreError(f"{what} {row!r:.80} is damaged; restore the corpus from a backup")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= _LATEST


def _is_score(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def integers(values: Sequence[object]) -> Int64[np.ndarray, "values"]:
    """Return integers of a store as an array.

    Raises:
        StoreError: one is not an integer.
    """
    for value in values:
        _require(type(value) is int and abs(value) < 2**62, "the number", value)
    return np.array(values, np.int64).reshape(len(values))


def require_review(row: Row) -> None:
    """Check a row of the table `reviews`, without its number.

    Raises:
        StoreError: it is damaged.
    """
    left, right, answer, reviewer, decided_at, similarity, probability, said_same, model = row
    _require(
        type(left) is type(right) is int
        and left < right
        and answer in REVIEW_ANSWERS
        and isinstance(reviewer, str)
        and is_plain(reviewer)
        and _is_time(decided_at)
        and _is_score(similarity)
        and _is_score(probability)
        and said_same in (None, 0, 1)
        and isinstance(model, str),
        "the decision",
        row,
    )


def require_key(row: Row) -> None:
    """Check a row of the table `api_keys`.

    Raises:
        StoreError: it is damaged.
    """
    prefix, name, scope, digest, created_at, revoked_at = row
    _require(
        isinstance(prefix, str)
        and _PREFIX.fullmatch(prefix) is not None
        and isinstance(name, str)
        and name.isprintable()
        and scope in KEY_SCOPES
        and isinstance(digest, bytes)
        and len(digest) == 32
        and _is_time(created_at)
        and (revoked_at is None or _is_time(revoked_at)),
        "the key",
        (prefix, name, scope),
    )


class StoreCheck:
    """Checks all rows of a store against each other and its ledger while they are copied.

    Each method raises `StoreError` on a contradiction. Questions come first.
    """

    def __init__(self, name: str, ledger: Ledger):
        self._name, self._ledger = name, ledger
        self._keys: set[int] = set()
        self._vectors = {ledger.generation: 0, ledger.generation + 1: 0}

    def questions(self, questions: Sequence[StoredQuestion]) -> None:
        """Check questions."""
        try:
            check_questions(questions)
        except DataError as error:
            raise self._damaged(str(error)) from error
        self._keys.update(question.key for question in questions)

    def vectors(
        self, generation: int, keys: Sequence[int], vectors: Float16[np.ndarray, "rows dim"]
    ) -> None:
        """Check vectors of a generation."""
        wrong, lengths = wrong_vectors(vectors)
        for row in wrong[:1]:
            raise self._damaged(f"the vector of question {keys[row]} has length {lengths[row]:.4g}")
        self._expect(self._keys.issuperset(keys), "a vector is of no question")
        self._vectors[generation] += len(keys)

    def removed(self, rows: Sequence[Row]) -> None:
        """Check rows of removed questions."""
        keys = integers([key for _, key in rows]).tolist()
        self._expect(self._keys.isdisjoint(keys), "a question is there and removed")

    def reviews(self, rows: Sequence[Row]) -> None:
        """Check decisions."""
        for row in rows:
            require_review(row[1:])
            self._expect(self._keys.issuperset(row[1:3]), "a decision is about no question")

    def keys(self, rows: Sequence[Row]) -> None:
        """Check API keys."""
        for row in rows:
            require_key(row)

    def end(self, session: Session) -> None:
        """Check counts and numbers at the end."""
        ledger = self._ledger
        ((last,),) = session.run(
            "SELECT max(last) FROM (SELECT max(key) AS last FROM questions UNION ALL "
            "SELECT max(sequence) FROM vectors UNION ALL SELECT max(sequence) FROM removed) AS ends"
        )
        self._expect((last or 0) <= ledger.sequence, f"change {last} is later than the last")
        ((vectors,),) = session.run("SELECT count(*) FROM vectors")
        ((questions,),) = session.run("SELECT count(*) FROM questions")
        for what, counted, found in (
            ("questions", ledger.questions, len(self._keys)),
            ("questions", questions, len(self._keys)),
            ("vectors", ledger.questions, self._vectors[ledger.generation]),
            ("vectors of another model", ledger.reindexed, self._vectors[ledger.generation + 1]),
            ("vectors of both", vectors, sum(self._vectors.values())),
        ):
            self._expect(counted == found, f"it counts {counted} {what}, and {found} are there")

    def _expect(self, good: bool, what: str) -> None:
        if not good:
            raise self._damaged(what)

    def _damaged(self, what: str) -> StoreError:
        return StoreError(f"{self._name}: is damaged: {what}; restore another backup")
