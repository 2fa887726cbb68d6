"""What the service answers with: one corpus, one model, and the threads that work for them."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Shaped

from gemel.corpus import Asked, DuplicateIndex, Match
from gemel.data import Value
from gemel.decision import Verdict
from gemel.errors import DataError, GemelError, ModelMismatchError
from gemel.inference import Explanation
from gemel.service.batcher import Batcher
from gemel.service.group_process import Grouping, Progress
from gemel.service.limits import Limits
from gemel.service.refusals import Refusal
from gemel.service.tally import Tally
from gemel.store import MOST_METADATA, Corpus, NewQuestion

Found = TypeVar("Found")

_LOG = logging.getLogger("gemel.service")
_TICK = 0.2
"""Seconds between two looks at what other processes changed."""
_SEEN = 1.0
"""Seconds that an addition waits, at most, until it can be found here."""
_SAVING = 600.0
"""Seconds between two savings of what makes the next start fast."""
_BATCH = 64
"""Texts that are computed together."""
_MATCHES = 10
"""Matches that weigh as much as one text."""


class _Stopping(Exception):  # noqa: N818 - nothing is wrong
    """Long work is given up, as the service stops."""


class Comparing(NamedTuple):
    """Two questions to compare."""

    left: str
    right: str
    explain: bool


class Adding(NamedTuple):
    """Questions to keep, all or none."""

    questions: Sequence[NewQuestion]
    replace: bool


class Site:
    """A corpus that is served.

    One thread computes answers, one writes, one follows what other processes change, one looks
    after groups and reviews.

    Args:
        index: the corpus and its model.
        grouping: makes its duplicate groups.
        limits: how much may wait.
        name: what the model is called.
        card: what its folder gives of it, in Markdown.
    """

    def __init__(
        self,
        index: DuplicateIndex,
        grouping: Grouping,
        limits: Limits,
        *,
        name: str = "",
        card: str = "",
    ):
        self.name, self.card = name, card
        self.index, self.grouping, self.limits = index, grouping, limits
        self.store = index.store
        self.problem = "the corpus is being opened"
        """Why it cannot answer; empty if it can."""
        self.progress: Progress | None = None
        """How far the opening is."""
        self.questions = 0
        """How many there were at the last look."""
        self.notes = Tally()
        names = ("compute", "write", "follow", "improve")
        self._threads = [ThreadPoolExecutor(1, name) for name in names]
        compute, write, self._follow_in, self._improve_in = self._threads
        self.moderators = ThreadPoolExecutor(1, "moderate")
        bounds = {"most": _BATCH, "bound": limits.queue}
        self._matches = Batcher(self._match, compute, **bounds)
        self._vectors = Batcher(self._encode, compute, **bounds)
        self._comparisons: Batcher[Comparing, Verdict | Explanation] = Batcher(
            self._compare, compute, **bounds
        )
        self._additions = Batcher(self._add, write, **bounds)
        self._follow: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._saved = time.monotonic()

    @property
    def waiting(self) -> int:
        """Texts that wait to be computed or stored."""
        batchers = (self._matches, self._vectors, self._comparisons, self._additions)
        return sum(batcher.weight for batcher in batchers)

    async def start(self) -> None:
        """Begin to open the corpus; it answers when `problem` is empty."""
        self._follow = asyncio.create_task(self._keep_following())

    async def stop(self) -> None:
        """Answer what was accepted, and let go of everything."""
        for batcher in (self._matches, self._vectors, self._comparisons, self._additions):
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

    async def match(self, asked: Asked) -> list[Match]:
        """Find the nearest stored questions, by the cosine, best first.

        Metadata that are too long to be added today are omitted.
        """
        self.require_ready()
        # What a batch reads is bounded by the matches in it, not by the questions.
        weight = min(_BATCH, -(-asked.k // _MATCHES))
        return await self._matches.ask(asked, weight=weight)

    async def encode(self, texts: Sequence[str]) -> Shaped[np.ndarray, "texts dim"]:
        """Turn questions into unit vectors."""
        return await self._vectors.ask(texts, weight=len(texts))

    async def compare(self, pair: Comparing) -> Verdict | Explanation:
        """Judge two questions."""
        found: Verdict | Explanation = await self._comparisons.ask(pair, weight=2)
        return found

    async def add(self, adding: Adding) -> None:
        """Store questions; when it returns they are on the disk, and found."""
        self.require_ready()
        await self._additions.ask(adding, weight=len(adding.questions))

    async def remove(self, name: str) -> list[str]:
        """Forget a question; give its id if it was there."""
        return await self.write(lambda store: store.remove([name]))

    async def moderate(self, work: Callable[[], Found]) -> Found:
        """Have the thread that looks after groups and reviews do something."""
        return await asyncio.get_running_loop().run_in_executor(self.moderators, work)

    async def read(self, look: Callable[[Corpus], Found]) -> Found:
        """Have the thread that looks after groups and reviews look at the store."""
        return await self.moderate(lambda: look(self.store))

    async def write(self, change: Callable[[Corpus], Found]) -> Found:
        """Have the thread that writes change something in the store."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads[1], change, self.store)

    def require_ready(self) -> None:
        """Refuse where the corpus cannot answer.

        Raises:
            Refusal: why, and how far it is.
        """
        if self.problem:
            told = {} if self.progress is None else {"progress": vars(self.progress)}
            raise Refusal("not_ready", self.problem, retry_after=2, more=told)

    def _match(self, asked: Sequence[Asked]) -> list[list[Match] | Exception]:
        problems = [self._problem(each.where) for each in asked]
        fit = [each for each, problem in zip(asked, problems, strict=True) if problem is None]
        found = iter(self.index.search_all(fit, fresh=False, metadata=MOST_METADATA))
        return [next(found) if problem is None else problem for problem in problems]

    def _problem(self, where: Mapping[str, Value] | None) -> DataError | None:
        """Return what is wrong with a filter, so that only who sent it is refused."""
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
            except DataError as error:  # of more words than can be explained
                found.append(error)
        return found

    def _add(self, lot: Sequence[Adding]) -> list[Exception | None]:
        """Store what came together in one go, as one wait for the disk is enough for all.

        Where that cannot be, each by itself: none should fail for another's fault.
        """
        names = [question.id for adding in lot for question in adding.questions]
        if len(lot) > 1 and len(set(names)) == len(names) and not any(a.replace for a in lot):
            with contextlib.suppress(DataError):
                self.index.add_all([question for adding in lot for question in adding.questions])
                self._see()
                return [None] * len(lot)
        kept = [self._add_one(adding) for adding in lot]
        self._see()
        return kept

    def _add_one(self, adding: Adding) -> Exception | None:
        try:
            self.index.add_all(adding.questions, replace=adding.replace)
        except GemelError as error:
            names = [question.id for question in adding.questions]
            there = [] if adding.replace else self.index.store.find(names, metadata=0)
            taken = next((question.id for question in there if question is not None), None)
            if taken is None or not isinstance(error, DataError):
                return error
            return Refusal(
                "conflict",
                f'a question of the id {taken!r:.80} is stored already; send "replace": true to '
                "put this one in its place, or take another id",
            )
        return None

    def _see(self) -> None:
        """Wait until what was written can be found, unless very much else has come before it."""
        with contextlib.suppress(GemelError, OSError):  # it is on the disk, which was promised
            written, began = self.index.store.state().sequence, time.monotonic()
            follower = self.index.follower
            while follower.sequence < written and time.monotonic() - began < _SEEN:
                if not follower.catch_up(wait=False):
                    time.sleep(0.002)

    async def _keep_following(self) -> None:
        loop = asyncio.get_running_loop()
        improving: asyncio.Future[None] | None = None
        erasing: asyncio.Future[None] | None = None
        while True:
            await loop.run_in_executor(self._follow_in, self._catch_up)
            if erasing is None or erasing.done():
                erasing = loop.run_in_executor(self._threads[1], self._erase)
            if improving is None or improving.done():
                improving = loop.run_in_executor(self._improve_in, self._improve)
            self.notes.tell()
            await asyncio.sleep(_TICK)

    def _catch_up(self) -> None:
        try:
            followed = self.index.catch_up(self._tell).followed
            self.index.require_model(followed.state.model)
            self.questions = len(followed.neighbours)
            self.problem, self.progress = "", None
        except ModelMismatchError as error:
            self._fail("another model has made its vectors anew; serve it with that one", error)
        except Exception as error:  # whatever it is, it should be tried again
            self._fail(
                "the corpus cannot be read just now; the service's log has the reason", error
            )

    def _fail(self, problem: str, error: Exception) -> None:
        """Report that it cannot answer, without the places that the error names."""
        if problem != self.problem:
            expected = isinstance(error, GemelError | OSError)
            _LOG.warning("%s", error, exc_info=None if expected else error)
        self.problem = problem

    def _erase(self) -> None:
        """Erase what a removal, here or elsewhere, had to leave because of a reader."""
        with contextlib.suppress(GemelError, OSError):  # tried again at the next tick
            self.store.finish_erasing()

    def _improve(self) -> None:
        """Make a graph where one is due, and keep it for the next start."""
        # The other thread gives what is wrong; or it only takes longer.
        with contextlib.suppress(GemelError, OSError, _Stopping):
            made = not self.problem and self.index.follower.improve(self._go_on)
            if made or time.monotonic() - self._saved > _SAVING:
                self._saved = time.monotonic()
                self.index.save_cache()

    def _tell(self, doing: str, done: int, of: int | None) -> None:
        self._go_on()
        self.progress = Progress(doing, done, of)

    def _go_on(self, *_: object) -> None:
        if self._is_stopping:
            raise _Stopping
