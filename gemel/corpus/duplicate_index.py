"""The corpus as people use it: add, remove, search, ask whether it is a duplicate."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TypeVar

from gemel.corpus.matches import Asked, Match, find_matches, require_askable
from gemel.duplicates.duplicate_groups import Duplicates
from gemel.duplicates.pipeline import CUT, FLOOR, find_duplicates
from gemel.errors import DataError, ModelMismatchError
from gemel.inference import Engine
from gemel.neighbours.choice import Choice
from gemel.neighbours.follower import Follower
from gemel.notebook import shown
from gemel.store.corpus_store import Corpus
from gemel.store.records import Metadata, NewQuestion
from gemel.text import Progress, require_text, require_texts

# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="DuplicateIndex")


@shown(lambda it: {"store": it.store.name, "model": it.engine.model.fingerprint[:12]})
class DuplicateIndex:
    """Questions that are stored, and the model that tells which of them ask the same.

    Any number of threads may ask it at once. What other processes add and remove is seen by the
    next call.

    Args:
        store: keeps the questions.
        engine: the model that made the vectors that are there.
        neighbours, serving: what finds the nearest; see `Follower`.
        cache: a file that makes the next opening fast where there are very many questions; it can
            be deleted at any time.

    Raises:
        ModelMismatchError: another model made them.
    """

    def __init__(
        self,
        store: Corpus,
        engine: Engine,
        *,
        neighbours: str = "auto",
        serving: bool = False,
        cache: str | Path | None = None,
    ):
        self.store = store
        self.engine = engine
        self._kind, self._serving, self._cache = neighbours, serving, cache
        self._opening = Lock()
        self._follower: Follower | None = None
        self.require_model(store.state().model)

    def __getstate__(self) -> dict[str, object]:
        # A copy opens the store by its name, and follows it by itself.
        own = {name: value for name, value in vars(self).items() if name != "_opening"}
        return own | {"_follower": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, _opening=Lock())

    def __len__(self) -> int:
        """Count the questions."""
        return self.store.state().questions

    def add(
        self,
        text: str,
        *,
        id: str | None = None,  # noqa: A002 - what it is called everywhere else
        metadata: Metadata | None = None,
        replace: bool = False,
    ) -> str:
        """Keep a question for good; give its id, a new one if it has none.

        Args:
            text: the question.
            id: what it is called elsewhere.
            metadata: names and values, to filter by: text, integers, floats, booleans, None; also
                scalars of NumPy, dates (stored as ISO text) and decimals. At most 65,536
                characters as JSON.
            replace: whether it takes the place of another of its id.

        Raises:
            DataError: it has no word or mark, the id is taken and may not be `replace`d, or its
                metadata are not plain, or too long.
            ModelMismatchError: the store was reindexed for another model meanwhile.
            StoreError: it cannot be stored.
        """
        text = require_text("text", text)
        name = uuid.uuid4().hex if id is None else require_text("id", id)
        self.add_all([NewQuestion(id=name, text=text, metadata=metadata or {})], replace=replace)
        return name

    def add_all(self, questions: Sequence[NewQuestion], *, replace: bool = False) -> None:
        """Store questions for good, all or none; see `add`."""
        for place, question in enumerate(questions):
            require_text(f"questions[{place}].text", question.text)
            require_text(f"questions[{place}].id", question.id)
            if self.engine.is_blank(question.text):
                raise DataError(
                    f"question {question.id} has no word or mark, only {question.text!r:.40}"
                )
        vectors = self.engine.encode([question.text for question in questions])
        self.store.add(questions, vectors, self.engine.model.fingerprint, replace=replace)

    def remove(self, *ids: str) -> list[str]:
        """Forget questions for good; give the ids that were there."""
        if len(ids) == 1 and isinstance(ids[0], list | tuple | set):
            raise TypeError("ids: expected ids one by one, not a list; write remove(*ids)")
        return self.store.remove(require_texts("ids", ids))

    def search(self, text: str, k: int = 10, *, where: Metadata | None = None) -> list[Match]:
        """Find the nearest questions by the cosine, best first; copies before all others.

        Args:
            text: what is asked.
            k: how many; fewer come only where there are no more.
            where: metadata that they must have, such as `{"year": 2024}`.

        Raises:
            DataError: the question has no word or mark; no question has metadata of a name in
                `where`, or its values are of another type.
            ConfigError: `k` is below 1.
        """
        return self.search_all([Asked(text, k, where)])[0]

    def search_all(
        self, asked: Sequence[Asked], *, fresh: bool = True, metadata: int | None = None
    ) -> list[list[Match]]:
        """Do as `search` does for many questions at one time, which is far faster for each.

        Args:
            asked: the questions.
            fresh: whether to `catch_up` first, however much has changed. Who does that elsewhere
                need not wait here.
            metadata: characters, as JSON, of the metadata of a match; longer ones are omitted.
                None: all are read.

        Raises:
            DataError, ConfigError: see `search`.
            ModelMismatchError: the store was reindexed for another model meanwhile.
        """
        for each in asked:
            require_askable(self.engine, each)
        while asked:
            followed = (self.catch_up() if fresh else self.follower).followed
            if not self.require_model(followed.state.model):
                break
            found = find_matches(
                self.engine, self.store, followed.neighbours, asked, metadata=metadata
            )
            if found is not None:
                return found
            fresh = True  # what was removed is in it no more
        return [[] for _ in asked]

    def check(self, text: str, k: int = 10, *, where: Metadata | None = None) -> list[Match]:
        """Find the nearest questions as `search` does, the likeliest to ask the same first.

        Whether one does gives its verdict, by all that the model has, as the pair head. Which are
        looked at gives the cosine: to choose among more of them by the head finds fewer duplicates
        (see docs/search.md).
        """
        return self.check_all([Asked(text, k, where)])[0]

    def check_all(self, asked: Sequence[Asked], *, fresh: bool = True) -> list[list[Match]]:
        """Do as `check` does for many questions at one time; see `search_all`."""
        return [
            sorted(matches, key=lambda match: -match.verdict.similarity)
            for matches in self.search_all(asked, fresh=fresh)
        ]

    def duplicates(
        self,
        *,
        probability: float = CUT,
        linkage: str = "average",
        floor: float = FLOOR,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> Duplicates:
        """Group all questions that ask the same; see `find_duplicates`."""
        kept = [question for lot in self.store.scan(metadata=0) for question in lot]
        return find_duplicates(
            self.engine,
            [question.id for question in kept],
            [question.text for question in kept],
            probability=probability,
            linkage=linkage,
            floor=floor,
            threads=threads,
            progress=progress,
        )

    @property
    def choice(self) -> Choice:
        """How the nearest are found, and why."""
        return self.catch_up().choice

    @property
    def follower(self) -> Follower:
        """What keeps the neighbours as the store is; begun when first asked for."""
        with self._opening:
            if self._follower is None:
                self._follower = Follower(
                    self.store, self._kind, serving=self._serving, cache=self._cache
                )
        return self._follower

    def catch_up(self, progress: Progress | None = None) -> Follower:
        """Open the neighbours, when they are first asked for, and take what has changed.

        Whatever is asked does so by itself; the first time, of many questions, takes a while.

        Args:
            progress: `progress(done, total)` callback, in questions are in, of how many.
        """
        self.follower.catch_up(progress)
        return self.follower

    def save_cache(self) -> None:
        """Store what makes the next opening fast, if there is a place for it and anything new.

        Raises:
            OSError: it cannot be written; the old one stays.
        """
        if self._follower is not None:
            self._follower.save()

    def require_model(self, kept: str) -> str:
        """Refuse vectors of another model than this one.

        Args:
            stored: fingerprint of the model that made them; empty if there are none.

        Returns:
            It.

        Raises:
            ModelMismatchError: it is another.
        """
        given = self.engine.model.fingerprint
        if kept not in ("", given):
            raise ModelMismatchError(
                f"the vectors that are stored were made by the model {kept:.12}, not by this one, "
                f"{given:.12}: give that model, or have this one make them anew (gemel reindex)"
            )
        return kept

    def close(self) -> None:
        """Let go of the store, and keep what makes the next opening fast."""
        with suppress(OSError):  # without its cache it opens too, only later
            self.save_cache()
        self.store.close()

    def __enter__(self: _Itself) -> _Itself:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
