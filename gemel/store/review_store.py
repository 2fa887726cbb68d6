"""What a store keeps of decisions about pairs of its questions."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from gemel.store.records import NewReview, Review, ReviewCounts


@runtime_checkable
class ReviewStore(Protocol):
    """Decisions about pairs of kept questions: one a pair, with who and when.

    A call that changes something returns when all of it is kept, or raises and nothing of it is.
    To forget a question is to forget what was decided about it.

    Every method raises `StoreError` when the store is damaged, full, gone or read-only.
    """

    def decide(self, reviews: Sequence[NewReview], *, replace: bool = False) -> list[Review]:
        """Keep decisions, all or none.

        Args:
            reviews: about pairs that differ, in either order. About a pair that was skipped
                somebody may always decide.
            replace: whether they take the place of earlier decisions.

        Raises:
            DataError: a question is not there, both are one, a pair stands twice or was decided
                already, no such answer, nobody's name, or a similarity or probability that is not
                finite.
        """
        ...

    def undecide(self, pairs: Sequence[tuple[str, str]]) -> list[Review]:
        """Take back what was decided about pairs of ids; give what there was."""
        ...

    def reviews(
        self, *, after: int = 0, lot: int = 4096, metadata: int | None = None
    ) -> Iterator[list[Review]]:
        """Give all decisions in lots, in the order they were made.

        Args:
            after: how many of the first to leave out.
            lot: how many at one time.
            metadata: how much of it is read of each question; see `Store.get`.
        """
        ...

    def reviews_of(
        self, pairs: Sequence[tuple[str, str]], *, metadata: int | None = None
    ) -> list[Review | None]:
        """Give what was decided about pairs of ids, in order; None where nothing was.

        For `metadata` see `reviews`.
        """
        ...

    def decided(self) -> dict[tuple[int, int], str]:
        """Give the answer about every decided pair of keys, the lower one first."""
        ...

    def review_count(self) -> ReviewCounts:
        """Count the decisions."""
        ...
