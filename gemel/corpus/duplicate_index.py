"""The corpus: add, remove, search, check."""

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace as replace_fields
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from jaxtyping import Int64

from gemel.config import DedupeOptions
from gemel.corpus.matches import Match, Query, find_matches, read_query
from gemel.duplicates.duplicate_groups import Duplicates
from gemel.duplicates.pipeline import find_duplicates
from gemel.errors import DataError, ModelMismatchError
from gemel.inference import Engine
from gemel.neighbours.follower import Choice, Follower
from gemel.notebook import shown
from gemel.store.base import Corpus, Metadata, NewQuestion
from gemel.text import Progress, require_text, require_texts


@shown(lambda it: {"store": it.store.name, "model": it.engine.model.fingerprint[:12]})
class DuplicateIndex(AbstractContextManager["DuplicateIndex"]):
    """Stored questions, and the model that compares them.

    Thread-safe. Changes by other processes are seen by the next call.

    Args:
        store: the store.
        engine: model of the store's vectors.
        neighbours, serving: see `Follower`.
        cache: file that speeds up the next opening of a large corpus; may be deleted at any time.

    Raises:
        ModelMismatchError: the vectors are of another model.
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
        """Store a question and return its id, a new one if none is given.

        Args:
            text: the question.
            id: unique id.
            metadata: names and values to filter by: text, integers, floats, booleans, None, NumPy
                scalars, dates (stored as ISO text) and decimals; at most 65,536 characters as JSON.
            replace: replace a stored question of the same id.

        Raises:
            DataError: no word or mark, a taken id, or metadata that are not plain or too long.
            ModelMismatchError: the store was reindexed meanwhile.
            StoreError: it cannot be stored.
        """
        text = require_text("text", text)
        name = uuid.uuid4().hex if id is None else require_text("id", id)
        self.add_all([NewQuestion(id=name, text=text, metadata=metadata or {})], replace=replace)
        return name

    def add_all(self, questions: Sequence[NewQuestion], *, replace: bool = False) -> None:
        """Store questions, all or none; see `add`."""
        read, cleaned = self.engine.model.tokenizer.read, []
        for place, question in enumerate(questions):
            text = read(require_text(f"questions[{place}].text", question.text))
            require_text(f"questions[{place}].id", question.id)
            if self.engine.is_blank(text):
                raise DataError(f"question {question.id} has no word or mark, only {text!r:.40}")
            cleaned.append(replace_fields(question, text=text))
        vectors = self.engine.encode([question.text for question in cleaned])
        self.store.add(cleaned, vectors, self.engine.model.fingerprint, replace=replace)

    def remove(self, *ids: str) -> list[str]:
        """Remove questions for good and return the ids that existed."""
        if len(ids) == 1 and isinstance(ids[0], list | tuple | set):
            raise TypeError("ids: expected ids one by one, not a list; write remove(*ids)")
        return self.store.remove(require_texts("ids", ids))

    def search(self, text: str, k: int = 10, *, where: Metadata | None = None) -> list[Match]:
        """Return the nearest questions by cosine, copies first, then best first.

        Args:
            text: the question.
            k: number of matches.
            where: metadata that matches must have, such as `{"year": 2024}`.

        Raises:
            DataError: no word or mark; an unknown column in `where`, or values of another type.
            ConfigError: `k` is below 1.
        """
        return self.search_all([Query(text, k, where)])[0]

    def search_all(
        self, queries: Sequence[Query], *, fresh: bool = True, metadata: int | None = None
    ) -> list[list[Match]]:
        """Like `search` for many questions at once, which is much faster per question.

        Args:
            queries: the questions.
            fresh: call `catch_up` first.
            metadata: maximum length of a match's metadata as JSON, in characters; longer ones are
                omitted. None: no limit.

        Raises:
            DataError, ConfigError: see `search`.
            ModelMismatchError: the store was reindexed meanwhile.
        """
        queries = [read_query(self.engine, query) for query in queries]
        while queries:
            followed = (self.catch_up() if fresh else self.follower).followed
            if not self.require_model(followed.state.model):
                break
            found = find_matches(
                self.engine, self.store, followed.neighbours, queries, metadata=metadata
            )
            if found is not None:
                return found
            fresh = True
        return [[] for _ in queries]

    def check(self, text: str, k: int = 10, *, where: Metadata | None = None) -> list[Match]:
        """Return the nearest questions as `search` does, most probable duplicates first.

        The verdict is that of the whole model, pair head included; candidates are chosen by the
        cosine (re-ranking more of them by the head finds fewer duplicates, see docs/search.md).
        """
        return self.check_all([Query(text, k, where)])[0]

    def check_all(self, queries: Sequence[Query], *, fresh: bool = True) -> list[list[Match]]:
        """Like `check` for many questions at once; see `search_all`."""
        return [
            sorted(matches, key=lambda match: -match.verdict.similarity)
            for matches in self.search_all(queries, fresh=fresh)
        ]

    def duplicates(
        self,
        options: DedupeOptions | None = None,
        *,
        threads: int = 1,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Duplicates:
        """Group all duplicates; see `find_duplicates`."""
        options = DedupeOptions.of(options, **changes)
        return self.scan_duplicates(options, threads=threads, progress=progress)[0]

    def scan_duplicates(
        self,
        options: DedupeOptions | None = None,
        *,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> tuple[Duplicates, Int64[np.ndarray, "questions"]]:
        """Return the groups, see `duplicates`, and the key of each question."""
        stored = [question for chunk in self.store.scan(metadata=0) for question in chunk]
        ids, texts = [each.id for each in stored], [each.text for each in stored]
        found = find_duplicates(
            self.engine, ids, texts, options, threads=threads, progress=progress
        )
        return found, np.array([each.key for each in stored], np.int64)

    @property
    def choice(self) -> Choice:
        """Search method, and the reason for it."""
        return self.catch_up().choice

    @property
    def follower(self) -> Follower:
        """Keeps the neighbours up to date with the store; created on first use."""
        with self._opening:
            if self._follower is None:
                self._follower = Follower(
                    self.store, self._kind, serving=self._serving, cache=self._cache
                )
        return self._follower

    def catch_up(self, progress: Progress | None = None) -> Follower:
        """Open the neighbours on first use, and apply changes of the store.

        Every query does so itself; the first call takes a while for a large corpus.
        """
        self.follower.catch_up(progress)
        return self.follower

    def save_cache(self) -> None:
        """Write the cache, if there is one and it is out of date.

        Raises:
            OSError: it cannot be written; the old one stays.
        """
        if self._follower is not None:
            self._follower.save()

    def require_model(self, stored: str) -> str:
        """Return the fingerprint if it is this model's or empty.

        Raises:
            ModelMismatchError: it is another model's.
        """
        given = self.engine.model.fingerprint
        if stored not in ("", given):
            raise ModelMismatchError(
                f"the vectors that are stored were made by the model {stored:.12}, not by this "
                f"one, {given:.12}: give that model, or have this one make them anew "
                "(gemel reindex)"
            )
        return stored

    def close(self) -> None:
        """Close the store and write the cache."""
        with suppress(OSError):  # without its cache it opens too, only later
            self.save_cache()
        self.store.close()

    def __exit__(self, *error: object) -> None:
        self.close()
