"""Table of decisions about pairs."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from gemel.errors import DataError
from gemel.store.base import REVIEW_ANSWERS, NewReview, Review, ReviewCounts
from gemel.store.input_checks import is_plain
from gemel.store.sessions import Row, Session, Sessions
from gemel.store.sql_rows import question_columns, read_question, require_review

_LONGEST = 200
_REVIEWS = (
    "SELECT reviews.number, reviews.answer, reviews.reviewer, reviews.decided_at, "
    "reviews.similarity, reviews.probability, reviews.said_same, reviews.model, {} "
    "FROM reviews JOIN questions AS one ON one.key = left_key "
    "JOIN questions AS other ON other.key = right_key"
)
_PAIRS = 250
"""Pairs in one statement."""
_VERDICTS = {"same": "the same", "different": "not the same"}


class ReviewTable(Sessions):
    """Implementation of `ReviewStore`."""

    def decide(self, reviews: Sequence[NewReview], *, replace: bool = False) -> list[Review]:
        for review in reviews:
            _check(review)
        pairs = [(review.left_id, review.right_id) for review in reviews]
        with self.changing() as (session, _):
            keys = _keys(session, pairs)
            for name in (name for pair in pairs for name in pair):
                if name not in keys:
                    raise DataError(f"{self.name}: no question has the id {name!r:.80}")
            ordered = [_ordered(keys[left], keys[right]) for left, right in pairs]
            counts = Counter(ordered)
            for (left, right), pair in zip(pairs, ordered, strict=True):
                if counts[pair] > 1:
                    raise DataError(
                        f"the pair {left!r:.60}, {right!r:.60} occurs {counts[pair]} times; give "
                        "each pair once"
                    )
            before = _find(session, ordered, 0)
            stays = [each for each in before.values() if each.answer != "skipped"]
            if stays and not replace:
                raise DataError(f"{self.name}: {_describe(stays[0])}; replace it, or leave it out")
            _delete(session, ordered)
            ((last,),) = session.run("SELECT coalesce(max(number), 0) FROM reviews")
            now = time.time()
            rows = [
                (
                    number,
                    *pair,
                    review.answer,
                    review.reviewer,
                    now,
                    review.similarity,
                    review.probability,
                    None if review.said_same is None else int(review.said_same),
                    review.model,
                )
                for number, (pair, review) in enumerate(
                    zip(ordered, reviews, strict=True), start=last + 1
                )
            ]
            session.insert("reviews", rows)
            found = _find(session, ordered)
        return [found[pair] for pair in ordered]

    def undecide(self, pairs: Sequence[tuple[str, str]]) -> list[Review]:
        with self.changing() as (session, _):
            keys = _keys(session, pairs)
            ordered = [
                _ordered(keys[left], keys[right])
                for left, right in pairs
                if left in keys and right in keys
            ]
            found = _find(session, ordered)
            _delete(session, list(found))
        return list(found.values())

    def reviews(
        self, *, after: int = 0, chunk: int = 4096, metadata: int | None = None
    ) -> Iterator[list[Review]]:
        statement = f"{_select(metadata)} WHERE reviews.number > ? ORDER BY reviews.number LIMIT ?"
        last, skip = 0, after
        while True:
            with self.reading() as (session, _):
                rows = session.run(statement, (last, chunk + skip))
            if len(rows) <= skip:
                return
            yield [_review(row) for row in rows[skip:]]
            last, skip = rows[-1][0], 0

    def reviews_of(
        self, pairs: Sequence[tuple[str, str]], *, metadata: int | None = None
    ) -> list[Review | None]:
        with self.reading() as (session, _):
            keys = _keys(session, pairs)
            ordered = [_ordered(keys.get(left, 0), keys.get(right, 0)) for left, right in pairs]
            found = _find(session, ordered, metadata)
        return [found.get(pair) for pair in ordered]

    def decided(self) -> dict[tuple[int, int], str]:
        with self.reading() as (session, _):
            rows = session.run("SELECT left_key, right_key, answer FROM reviews")
        return {(left, right): answer for left, right, answer in rows}

    def review_count(self) -> ReviewCounts:
        with self.reading() as (session, _):
            rows = session.run(
                "SELECT answer, said_same, count(*) FROM reviews GROUP BY answer, said_same"
            )
        answers: Counter[str] = Counter()
        agreed = compared = 0
        for answer, said_same, count in rows:
            answers[answer] += count
            if answer != "skipped" and said_same is not None:
                compared += count
                agreed += count * (bool(said_same) == (answer == "same"))
        counts = {answer: answers[answer] for answer in REVIEW_ANSWERS}
        return ReviewCounts(**counts, agreed=agreed, compared=compared)


def _check(review: NewReview) -> None:
    if review.answer not in REVIEW_ANSWERS:
        raise DataError(
            f"the answer must be one of {', '.join(REVIEW_ANSWERS)}, not {review.answer!r:.40}"
        )
    name = review.reviewer
    if not name.strip() or len(name) > _LONGEST or not is_plain(name):
        raise DataError(
            f"the reviewer cannot be called {name!r:.60}; expected 1 to {_LONGEST} characters"
        )
    for value in (review.similarity, review.probability):
        if value is not None and not math.isfinite(value):
            raise DataError(f"similarity and probability must be finite or None, not {value}")
    if review.left_id == review.right_id:
        raise DataError(f"{review.left_id!r:.60} is on both sides; expected two questions")


def _ordered(left: int, right: int) -> tuple[int, int]:
    return (left, right) if left < right else (right, left)


def _keys(session: Session, pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    names = list(dict.fromkeys(name for pair in pairs for name in pair if is_plain(name)))
    return dict(session.run_in_chunks("SELECT id, key FROM questions WHERE id IN (?)", names))


def _select(metadata: int | None) -> str:
    sides = (question_columns(metadata, side) for side in ("one", "other"))
    return _REVIEWS.format(", ".join(sides))


def _find(
    session: Session, pairs: Sequence[tuple[int, int]], metadata: int | None = None
) -> dict[tuple[int, int], Review]:
    """Return the decisions about pairs of keys, in the order of the pairs."""
    rows: list[Row] = []
    for start in range(0, len(pairs), _PAIRS):
        some = pairs[start : start + _PAIRS]
        values = ", ".join(["(?, ?)"] * len(some))
        statement = f"{_select(metadata)} WHERE (left_key, right_key) IN (VALUES {values})"
        rows += session.run(statement, [key for pair in some for key in pair])
    reviews = map(_review, rows)
    found = {(review.left.key, review.right.key): review for review in reviews}
    return {pair: found[pair] for pair in pairs if pair in found}


def _delete(session: Session, pairs: Sequence[tuple[int, int]]) -> None:
    for pair in pairs:
        session.run("DELETE FROM reviews WHERE left_key = ? AND right_key = ?", pair)


def _describe(review: Review) -> str:
    when = datetime.fromtimestamp(review.decided_at, UTC).isoformat(timespec="seconds")
    return (
        f"{review.reviewer} decided on {when} that {review.left.id!r:.60} and "
        f"{review.right.id!r:.60} are {_VERDICTS[review.answer]}"
    )


def _review(row: Row) -> Review:
    _, answer, reviewer, decided_at, similarity, probability, said_same, model = row[:8]
    require_review((row[8], row[12], *row[1:8]))
    return Review(
        left=read_question(row[8:12]),
        right=read_question(row[12:16]),
        answer=answer,
        reviewer=reviewer,
        decided_at=decided_at,
        similarity=similarity,
        probability=probability,
        said_same=None if said_same is None else bool(said_same),
        model=model,
    )
