"""A corpus, its model, and the threads of the service that work on them."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Shaped

from gemel.corpus import DuplicateIndex, Match, Query
from gemel.decision import Verdict
from gemel.errors import DataError, GemelError, ModelMismatchError
from gemel.inference import Explanation
from gemel.service.batcher import Batcher
from gemel.service.group_process import GroupProcess, TaskProgress
from gemel.service.limits import Limits, LogLimiter
from gemel.service.responses import Refusal, not_ready, require_plain
from gemel.service.schemas import CompareRequest
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


class _Addition(NamedTuple):
    questions: Sequence[NewQuestion]
    replace: bool


class _Stopping(Exception):  # noqa: N818 - not an error
    """Aborts long work when the service stops."""


class ServedCorpus:
    """A corpus that is served, with one thread for each of the five kinds of work.

    Args:
        index: the corpus and its model.
        grouping: computes its duplicate groups.
        limits: bounds of requests and queues.
        name, card: name of the model, and its card in Markdown.
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
        names = ("compute", "write", "follow", "improve", "moderate")
        self._threads = [ThreadPoolExecutor(1, name) for name in names]
        compute, self._writer, self._follower, self._improver, self._moderator = self._threads
        bounds = {"most": _BATCH, "bound": limits.queue}
        self._matches = Batcher(self._match, compute, **bounds)
        self._vectors = Batcher(self._encode, compute, **bounds)
        self._comparisons: Batcher[CompareRequest, Verdict | Explanation] = Batcher(
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
        for thread in self._threads:
            thread.shutdown()
        self.index.close()

    async def match(self, query: Query) -> list[Match]:
        """Return the most similar stored questions; see `DuplicateIndex.search_all`."""
        self.require_ready()
        # Memory of a batch grows with the matches, not with the questions.
        return await self._matches.ask(query, weight=min(_BATCH, -(-query.k // _MATCHES)))

    async def encode(self, texts: Sequence[str]) -> Shaped[np.ndarray, "texts dim"]:
        """Return unit vectors of questions."""
        return await self._vectors.ask(texts, weight=len(texts))

    async def compare(self, body: CompareRequest) -> Verdict | Explanation:
        """Compare two questions."""
        found: Verdict | Explanation = await self._comparisons.ask(body, weight=2)
        return found

    async def add(self, questions: Sequence[NewQuestion], *, replace: bool) -> None:
        """Store questions, all or none; on return they are on the disk, and searches find them."""
        self.require_ready()
        await self._additions.ask(_Addition(questions, replace), weight=len(questions))

    async def remove(self, name: str) -> list[str]:
        """Remove a question; return its id if it was stored."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self.store.remove, [name])

    async def moderate(self, work: Callable[[], Found]) -> Found:
        """Run work in the thread for moderators."""
        return await asyncio.get_running_loop().run_in_executor(self._moderator, work)

    async def read(self, look: Callable[[Corpus], Found]) -> Found:
        """Read from the store in the thread for moderators."""
        return await self.moderate(lambda: look(self.store))

    def require_ready(self) -> None:
        """Raise a Refusal if the corpus is not ready."""
        if self.problem:
            raise not_ready(self.problem, self.progress)

    def require_texts(self, texts: Mapping[str, str]) -> None:
        """Raise a Refusal if a question, given by its name in messages, is too long or blank."""
        most = self.limits.text
        for name, text in texts.items():
            if len(text) > most:
                what = f"{name} has {len(text):,} characters; shorten it to {most:,} at most"
                raise Refusal("too_large", what)
            require_plain(name, text)
            if problem := self.index.engine.say_blank(text, name):
                raise Refusal("blank", problem)

    def _match(self, queries: Sequence[Query]) -> list[list[Match] | Exception]:
        check = self.store.require_filter
        problems = [_attempt(check, each.where) if each.where else None for each in queries]
        valid = [each for each, problem in zip(queries, problems, strict=True) if problem is None]
        found = iter(self.index.search_all(valid, fresh=False, metadata=MOST_METADATA))
        return [next(found) if problem is None else problem for problem in problems]

    def _encode(self, tasks: Sequence[Sequence[str]]) -> list[Shaped[np.ndarray, "texts dim"]]:
        vectors = self.index.engine.encode([text for texts in tasks for text in texts])
        return np.split(vectors, np.cumsum([len(texts) for texts in tasks])[:-1])

    def _compare(self, pairs: Sequence[CompareRequest]) -> list[Verdict | Explanation | Exception]:
        engine = self.index.engine
        plain = [pair for pair in pairs if not pair.explain]
        verdicts = iter(
            engine.predict_all([pair.left for pair in plain], [pair.right for pair in plain])
        )
        return [
            _attempt(engine.explain, pair.left, pair.right) if pair.explain else next(verdicts)
            for pair in pairs
        ]

    def _add(self, batch: Sequence[_Addition]) -> list[Exception | None]:
        """Store a batch in one transaction; if that fails, each addition by itself."""
        questions = [question for addition in batch for question in addition.questions]
        distinct = len({question.id for question in questions}) == len(questions)
        errors: list[Exception | None] | None = None
        if len(batch) > 1 and distinct and not any(addition.replace for addition in batch):
            with contextlib.suppress(DataError):
                self.index.add_all(questions)
                errors = [None] * len(batch)
        errors = errors or [self._add_one(addition) for addition in batch]
        self._wait_until_visible()
        return errors

    def _add_one(self, addition: _Addition) -> Exception | None:
        try:
            self.index.add_all(addition.questions, replace=addition.replace)
        except GemelError as error:
            names = [question.id for question in addition.questions]
            stored = [] if addition.replace else self.store.find(names, metadata=0)
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
        run = asyncio.get_running_loop().run_in_executor
        improving: asyncio.Future[None] | None = None
        erasing: asyncio.Future[None] | None = None
        while True:
            await run(self._follower, self._catch_up)
            if erasing is None or erasing.done():
                erasing = run(self._writer, self._erase)
            if improving is None or improving.done():
                improving = run(self._improver, self._improve)
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


def _attempt(work: Callable[..., Found], *arguments: Any) -> Found | DataError:
    """Return the result of work, or its error, so that it fails only its own request."""
    try:
        return work(*arguments)
    except DataError as error:
        return error
