"""A corpus, its model, and the threads of the service that work on them."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Shaped

from gemel.corpus import DuplicateIndex, Match, Query
from gemel.data import Value
from gemel.decision import Verdict
from gemel.errors import DataError, GemelError, ModelMismatchError
from gemel.inference import Explanation
from gemel.service.batcher import Batcher
from gemel.service.group_process import GroupProcess, TaskProgress
from gemel.service.limits import Limits, LogLimiter
from gemel.service.responses import Refusal, require_plain
from gemel.store import MOST_METADATA, Corpus, NewQuestion

Found = TypeVar("Found")

_LOG = logging.getLogger("gemel.service")
_TICK = 0.2
"""Seconds between two checks for changes by other processes."""
_VISIBLE = 1.0
"""Seconds that an addition waits, at most, until searches here find it."""
_SAVING = 600.0
"""Seconds between two saves of the cached graph."""
_BATCH = 64
"""Texts computed together."""
_MATCHES = 10
"""Matches that weigh as much as one text."""


class _Stopping(Exception):  # noqa: N818 - not an error
    """Aborts long work when the service stops."""


class Comparing(NamedTuple):
    """Two questions to compare."""

    left: str
    right: str
    explain: bool


class Adding(NamedTuple):
    """Questions to store, all or none."""

    questions: Sequence[NewQuestion]
    replace: bool


class ServedCorpus:
    """A corpus that is served.

    One thread each computes answers, writes, follows changes by other processes, improves the
    neighbour search, and works for moderators.

    Args:
        index: the corpus and its model.
        grouping: computes its duplicate groups.
        limits: bounds of requests and queues.
        name: name of the model.
        card: model card in Markdown.
    """

    def __init__(
        self,
        index: DuplicateIndex,
        grouping: GroupProcess,
        limits: Limits,
        *,
        name: str = "",
        card: str = "",
    ):
        self.name, self.card = name, card
        self.index, self.grouping, self.limits = index, grouping, limits
        self.store = index.store
        self.problem = "the corpus is being opened"
        """Why the corpus is not ready; empty if it is."""
        self.progress: TaskProgress | None = None
        """Progress of opening the corpus."""
        self.questions = 0
        """Number of questions at the last check."""
        self.notes = LogLimiter()
        names = ("compute", "write", "follow", "improve")
        self._threads = [ThreadPoolExecutor(1, name) for name in names]
        compute, self._writer, self._follower, self._improver = self._threads
        self.moderators = ThreadPoolExecutor(1, "moderate")
        bounds = {"most": _BATCH, "bound": limits.queue}
        self._matches = Batcher(self._match, compute, **bounds)
        self._vectors = Batcher(self._encode, compute, **bounds)
        self._comparisons: Batcher[Comparing, Verdict | Explanation] = Batcher(
            self._compare, compute, **bounds
        )
        self._additions = Batcher(self._add, self._writer, **bounds)
        self._batchers = (self._matches, self._vectors, self._comparisons, self._additions)
        self._follow: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._saved = time.monotonic()

    @property
    def waiting(self) -> int:
        """Texts in the queues."""
        return sum(batcher.weight for batcher in self._batchers)

    async def start(self) -> None:
        """Start to open the corpus; it is ready when `problem` is empty."""
        self._follow = asyncio.create_task(self._keep_following())

    async def stop(self) -> None:
        """Answer the accepted requests, then close everything."""
        for batcher in self._batchers:
            await batcher.drain()
        if self._follow is not None:
            self._follow.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._follow
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._is_stopping = True
        self.grouping.close()
        for thread in (*self._threads, self.moderators):
            thread.shutdown()
        self.index.close()

    async def match(self, asked: Query) -> list[Match]:
        """Return the most similar stored questions, the highest cosine first.

        Metadata above today's size limit are omitted.
        """
        self.require_ready()
        # Memory of a batch grows with the matches, not with the questions.
        weight = min(_BATCH, -(-asked.k // _MATCHES))
        return await self._matches.ask(asked, weight=weight)

    async def encode(self, texts: Sequence[str]) -> Shaped[np.ndarray, "texts dim"]:
        """Return unit vectors of questions."""
        return await self._vectors.ask(texts, weight=len(texts))

    async def compare(self, pair: Comparing) -> Verdict | Explanation:
        """Compare two questions."""
        found: Verdict | Explanation = await self._comparisons.ask(pair, weight=2)
        return found

    async def add(self, adding: Adding) -> None:
        """Store questions; on return they are on the disk, and searches find them."""
        self.require_ready()
        await self._additions.ask(adding, weight=len(adding.questions))

    async def remove(self, name: str) -> list[str]:
        """Remove a question; return its id if it was stored."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self.store.remove, [name])

    async def moderate(self, work: Callable[[], Found]) -> Found:
        """Run work in the thread for moderators."""
        return await asyncio.get_running_loop().run_in_executor(self.moderators, work)

    async def read(self, look: Callable[[Corpus], Found]) -> Found:
        """Read from the store in the thread for moderators."""
        return await self.moderate(lambda: look(self.store))

    def require_ready(self) -> None:
        """Raise a Refusal if the corpus is not ready."""
        if self.problem:
            more = {} if self.progress is None else {"progress": vars(self.progress)}
            raise Refusal("not_ready", self.problem, retry_after=2, more=more)

    def require_texts(self, texts: Mapping[str, str]) -> None:
        """Raise a Refusal if a question, given by its name in messages, is too long or blank."""
        most = self.limits.text
        for name, text in texts.items():
            if len(text) > most:
                raise Refusal(
                    "too_large",
                    f"{name} has {len(text):,} characters; shorten it to {most:,} at most",
                )
            require_plain(name, text)
            if problem := self.index.engine.say_blank(text, name):
                raise Refusal("blank", problem)

    def _match(self, asked: Sequence[Query]) -> list[list[Match] | Exception]:
        problems = [self._filter_error(each.where) for each in asked]
        valid = [each for each, problem in zip(asked, problems, strict=True) if problem is None]
        found = iter(self.index.search_all(valid, fresh=False, metadata=MOST_METADATA))
        return [next(found) if problem is None else problem for problem in problems]

    def _filter_error(self, where: Mapping[str, Value] | None) -> DataError | None:
        """Return the error of an invalid filter, so that it fails only its own request."""
        try:
            if where:
                self.store.require_filter(where)
        except DataError as error:
            return error
        return None

    def _encode(self, tasks: Sequence[Sequence[str]]) -> list[Shaped[np.ndarray, "texts dim"]]:
        vectors = self.index.engine.encode([text for texts in tasks for text in texts])
        return np.split(vectors, np.cumsum([len(texts) for texts in tasks])[:-1])

    def _compare(self, pairs: Sequence[Comparing]) -> list[Verdict | Explanation | Exception]:
        engine = self.index.engine
        plain = [pair for pair in pairs if not pair.explain]
        verdicts = iter(
            engine.predict_all([pair.left for pair in plain], [pair.right for pair in plain])
        )
        found: list[Verdict | Explanation | Exception] = []
        for pair in pairs:
            if not pair.explain:
                found.append(next(verdicts))
                continue
            try:
                found.append(engine.explain(pair.left, pair.right))
            except DataError as error:  # too many words to explain
                found.append(error)
        return found

    def _add(self, batch: Sequence[Adding]) -> list[Exception | None]:
        """Store a batch in one transaction; if that fails, each addition by itself."""
        questions = [question for adding in batch for question in adding.questions]
        distinct = len({question.id for question in questions}) == len(questions)
        if len(batch) > 1 and distinct and not any(adding.replace for adding in batch):
            with contextlib.suppress(DataError):
                self.index.add_all(questions)
                self._wait_until_visible()
                return [None] * len(batch)
        errors = [self._add_one(adding) for adding in batch]
        self._wait_until_visible()
        return errors

    def _add_one(self, adding: Adding) -> Exception | None:
        try:
            self.index.add_all(adding.questions, replace=adding.replace)
        except GemelError as error:
            names = [question.id for question in adding.questions]
            stored = [] if adding.replace else self.index.store.find(names, metadata=0)
            taken = next((question.id for question in stored if question is not None), None)
            if taken is None or not isinstance(error, DataError):
                return error
            return Refusal(
                "conflict",
                f'a question with the id {taken!r:.80} exists; send "replace": true to '
                "overwrite it, or use another id",
            )
        return None

    def _wait_until_visible(self) -> None:
        """Wait until searches find what was written, within a bound."""
        with contextlib.suppress(GemelError, OSError):  # the write itself has succeeded
            written, began = self.index.store.state().sequence, time.monotonic()
            follower = self.index.follower
            while follower.sequence < written and time.monotonic() - began < _VISIBLE:
                if not follower.catch_up(wait=False):
                    time.sleep(0.002)

    async def _keep_following(self) -> None:
        loop = asyncio.get_running_loop()
        improving: asyncio.Future[None] | None = None
        erasing: asyncio.Future[None] | None = None
        while True:
            await loop.run_in_executor(self._follower, self._catch_up)
            if erasing is None or erasing.done():
                erasing = loop.run_in_executor(self._writer, self._erase)
            if improving is None or improving.done():
                improving = loop.run_in_executor(self._improver, self._improve)
            self.notes.flush()
            await asyncio.sleep(_TICK)

    def _catch_up(self) -> None:
        try:
            followed = self.index.catch_up(self._report).followed
            self.index.require_model(followed.state.model)
            self.questions = len(followed.neighbours)
            self.problem, self.progress = "", None
        except ModelMismatchError as error:
            self._fail("another model has reindexed the corpus; serve it with that model", error)
        except Exception as error:  # tried again at the next tick
            self._fail("the corpus cannot be read; see the log of the service", error)

    def _fail(self, problem: str, error: Exception) -> None:
        """Set the problem, and log the error, which may contain paths."""
        if problem != self.problem:
            expected = isinstance(error, GemelError | OSError)
            _LOG.warning("%s", error, exc_info=None if expected else error)
        self.problem = problem

    def _erase(self) -> None:
        """Erase removed texts that a reader had locked."""
        with contextlib.suppress(GemelError, OSError):  # tried again at the next tick
            self.store.finish_erasing()

    def _improve(self) -> None:
        """Build a graph if one is due, and save it for the next start."""
        # The following thread reports errors.
        with contextlib.suppress(GemelError, OSError, _Stopping):
            made = not self.problem and self.index.follower.improve(self._check_stop)
            if made or time.monotonic() - self._saved > _SAVING:
                self._saved = time.monotonic()
                self.index.save_cache()

    def _report(self, doing: str, done: int, of: int | None) -> None:
        self._check_stop()
        self.progress = TaskProgress(doing, done, of)

    def _check_stop(self, *_: object) -> None:
        if self._is_stopping:
            raise _Stopping
