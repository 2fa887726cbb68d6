"""Batches of concurrent tasks, from a bounded queue."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, NamedTuple, TypeVar

from gemel.service.responses import busy

_GATHER_SECONDS = 0.003
"""Time to wait for as many tasks as the last batch had."""
Task = TypeVar("Task")
Answer = TypeVar("Answer")


class _Waiting(NamedTuple, Generic[Task, Answer]):
    task: Task
    weight: int
    answered: "asyncio.Future[Answer]"


class Batcher(Generic[Task, Answer]):
    """Collects tasks while a batch is computed, and computes them as the next batch.

    Batches grow with the load. After a batch of several the next waits a moment for as many, since
    clients that got an answer may send their next task. Used from one event loop.

    Args:
        compute: returns the answer of every task, in order; an exception among the answers fails
            that task, a raised one fails the batch.
        executor: runs `compute`.
        most: weight of a batch.
        bound: weight of the queue.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Task]], Sequence[Answer | Exception]],
        executor: Executor,
        *,
        most: int,
        bound: int,
    ):
        self._compute, self._executor = compute, executor
        self._most, self._bound = most, bound
        self._waiting: deque[_Waiting[Task, Answer]] = deque()
        self.weight = 0
        """Weight of the tasks in the queue."""
        self._running: asyncio.Task[None] | None = None
        self._expected = 1
        self._gathered: asyncio.Event = asyncio.Event()
        self.computed = 0
        """Batches so far."""

    async def ask(self, task: Task, *, weight: int = 1) -> Answer:
        """Return the answer of a task; raise a Refusal if the queue is full."""
        if self.weight + weight > self._bound:
            raise busy(f"{self.weight} of {self._bound} places in the queue are taken")
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(task, weight, answered))
        self.weight += weight
        if len(self._waiting) >= self._expected:
            self._gathered.set()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answered

    async def drain(self) -> None:
        """Wait until the queue is empty."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while batch := await self._gather():
                tasks = [each.task for each in batch]
                try:
                    found = await loop.run_in_executor(self._executor, self._compute, tasks)
                    answers = list(zip(batch, found, strict=True))
                except Exception as error:
                    answers = [(each, error) for each in batch]
                self.computed += 1
                for each, answer in answers:
                    if each.answered.done():  # the client has disconnected
                        pass
                    elif isinstance(answer, Exception):
                        each.answered.set_exception(answer)
                    else:
                        each.answered.set_result(answer)
        finally:
            self._running = None

    async def _gather(self) -> list[_Waiting[Task, Answer]]:
        if len(self._waiting) < self._expected:
            self._gathered.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gathered.wait(), _GATHER_SECONDS)
        batch: list[_Waiting[Task, Answer]] = []
        weight = 0
        while self._waiting and (not batch or weight + self._waiting[0].weight <= self._most):
            each = self._waiting.popleft()
            self.weight -= each.weight
            if not each.answered.done():
                batch.append(each)
                weight += each.weight
        self._expected = max(1, len(batch))
        return batch
