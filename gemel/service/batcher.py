"""What is asked at the same time is answered together, and no more waits than there is space for."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from gemel.service.refusals import busy

_MOMENT = 0.003
"""Seconds to wait for as many as came last time."""
Task = TypeVar("Task")
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[Task, Answer]):
    task: Task
    weight: int
    answered: "asyncio.Future[Answer]"


class Batcher(Generic[Task, Answer]):
    """Gathers tasks while a batch is being computed, and gives them to the next.

    So a task that comes alone waits for no one, and the busier it is the larger the batches. After
    a batch of several the next waits a moment for as many, as whoever got an answer may have the
    next question ready. Used from one event loop.

    Args:
        compute: gives the answer of every task, in order; an exception among them is raised where
            that task was asked for, one that is raised wherever any of them was.
        executor: where it runs.
        most: weight of a batch.
        bound: weight of all that may wait.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Task]], Sequence[Answer | Exception]],
        executor: Executor,
        *,
        most: int,
        bound: int,
    ):
        self._compute = compute
        self._executor = executor
        self._most, self._bound = most, bound
        self._waiting: deque[_Waiting[Task, Answer]] = deque()
        self._weight = 0
        self._running: asyncio.Task[None] | None = None
        self._expected = 1
        self._gathered: asyncio.Event = asyncio.Event()
        self.computed = 0
        """Batches so far."""

    @property
    def weight(self) -> int:
        """Of all that waits."""
        return self._weight

    async def ask(self, task: Task, *, weight: int = 1) -> Answer:
        """Have a task computed.

        Args:
            task: what to compute.
            weight: how much of the space it takes, at most all of it.

        Raises:
            Refusal: there is no space.
        """
        if self._weight + weight > self._bound:
            raise busy(f"{self._weight} of {self._bound} places in the queue are taken")
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(task, weight, answered))
        self._weight += weight
        if len(self._waiting) >= self._expected:
            self._gathered.set()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answered

    async def drain(self) -> None:
        """Wait until nothing waits."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while lot := await self._gather():
                tasks = [each.task for each in lot]
                try:
                    found = await loop.run_in_executor(self._executor, self._compute, tasks)
                    answers = list(zip(lot, found, strict=True))
                except Exception as error:
                    answers = [(each, error) for each in lot]
                self.computed += 1
                for each, answer in answers:
                    if each.answered.done():  # who asked has gone
                        continue
                    if isinstance(answer, Exception):
                        each.answered.set_exception(answer)
                    else:
                        each.answered.set_result(answer)
        finally:
            self._running = None

    async def _gather(self) -> list[_Waiting[Task, Answer]]:
        if len(self._waiting) < self._expected:
            self._gathered.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gathered.wait(), _MOMENT)
        lot = self._next()
        self._expected = max(1, len(lot))
        return lot

    def _next(self) -> list[_Waiting[Task, Answer]]:
        lot: list[_Waiting[Task, Answer]] = []
        weight = 0
        while self._waiting and (not lot or weight + self._waiting[0].weight <= self._most):
            each = self._waiting.popleft()
            self._weight -= each.weight
            if each.answered.done():
                continue
            lot.append(each)
            weight += each.weight
        return lot
