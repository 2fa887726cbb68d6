"""The parts that stand between a request and its answer."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.errors import ConfigError
from gemel.service.access import TokenBucket
from gemel.service.batcher import Batcher
from gemel.service.limits import Limits
from gemel.service.responses import Refusal


class Computing:
    """Function of a batcher: records its batches, and can be made to wait."""

    def __init__(self):
        self.batches = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, tasks):
        self.go_on.wait(600)
        self.batches.append(list(tasks))
        if "all fail" in tasks:
            raise ValueError("all")
        return [ValueError("one") if task == "fail" else ("done", task) for task in tasks]


def with_batcher(use, *, most=4, bound=100):
    """Run a coroutine that uses a batcher, to its end, and the batcher's."""
    computing = Computing()

    async def run():
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(computing, executor, most=most, bound=bound)
            try:
                await asyncio.wait_for(use(batcher, computing), 600)
            finally:
                computing.go_on.set()
                await batcher.drain()
            assert batcher.weight == 0
            assert batcher.computed == len(computing.batches)

    # In a thread of its own: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()
    return computing.batches


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 6)), max_size=30), st.integers(1, 8))
def test_each_gets_its_own_answer_in_batches_of_bounded_weight(tasks, most):
    asked = list(enumerate(tasks))

    async def use(batcher, _):
        found = await asyncio.gather(*(batcher.ask(each, weight=each[1][1]) for each in asked))
        assert found == [("done", each) for each in asked]

    batches = with_batcher(use, most=most, bound=1000)
    assert [each for batch in batches for each in batch] == asked  # first come, first served
    for batch in batches:
        assert len(batch) == 1 or sum(weight for _, (_, weight) in batch) <= most


def test_what_comes_while_a_batch_is_computed_is_the_next():
    async def use(batcher, computing):
        computing.go_on.clear()
        first = asyncio.create_task(batcher.ask(0))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(batcher.ask(number)) for number in (1, 2, 3)]
        await asyncio.sleep(0.05)
        computing.go_on.set()
        await asyncio.gather(first, *others)

    assert with_batcher(use) == [[0], [1, 2, 3]]


def test_no_more_waits_than_there_is_room_for():
    async def use(batcher, computing):
        computing.go_on.clear()
        running = asyncio.create_task(batcher.ask("first"))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(batcher.ask(weight, weight=weight)) for weight in (3, 2)]
        await asyncio.sleep(0.05)
        assert batcher.weight == 5
        with pytest.raises(Refusal) as refused:
            await batcher.ask("too much")
        assert (refused.value.status, refused.value.retry_after) == (503, 1)
        computing.go_on.set()
        await asyncio.gather(running, *waiting)
        assert await batcher.ask("again", weight=5) == ("done", "again")

    with_batcher(use, bound=5)


def test_the_fault_of_one_is_not_another_s():
    async def use(batcher, _):
        asked = [batcher.ask(task) for task in (1, "fail", 3)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert (found[0], found[2]) == (("done", 1), ("done", 3))
        assert isinstance(found[1], ValueError)

    assert with_batcher(use) == [[1, "fail", 3]]


def test_a_fault_of_all_is_reported_to_all_and_it_continues():
    async def use(batcher, _):
        asked = [batcher.ask(task) for task in (1, "all fail")]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(each) for each in found] == ["all", "all"]
        assert await batcher.ask(2) == ("done", 2)

    with_batcher(use)


def test_an_answer_too_few_is_reported_to_all():
    async def use(batcher, _):
        batcher._compute = lambda tasks: tasks[:-1]
        found = await asyncio.gather(batcher.ask(1), batcher.ask(2), return_exceptions=True)
        assert [type(each) for each in found] == [ValueError, ValueError]
        batcher._compute = lambda tasks: list(tasks)
        assert await batcher.ask(3) == 3
        batcher.computed = 0

    with_batcher(use)


def test_who_has_gone_is_not_computed_for():
    async def use(batcher, computing):
        computing.go_on.clear()
        asked = [asyncio.create_task(batcher.ask(0))]
        await asyncio.sleep(0.05)
        asked += [asyncio.create_task(batcher.ask(number)) for number in range(1, 9)]
        await asyncio.sleep(0.05)
        for gone in (0, 1, 2, 3, 4, 7):
            asked[gone].cancel()
        computing.go_on.set()
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [found[here] for here in (5, 6, 8)] == [("done", each) for each in (5, 6, 8)]
        assert await batcher.ask(9) == ("done", 9)

    assert with_batcher(use)[1:] == [[5, 6, 8], [9]]


def test_draining_waits_for_all():
    async def use(batcher, _):
        await batcher.drain()
        asked = [asyncio.create_task(batcher.ask(number)) for number in range(20)]
        await asyncio.sleep(0)
        await batcher.drain()
        await asyncio.sleep(0)
        assert all(each.done() for each in asked)

    with_batcher(use)


@given(st.integers(1, 50), st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_a_bucket_gives_no_more_than_its_rate(rate, pauses):
    now = [100.0]
    bucket = TokenBucket(rate, lambda: now[0])
    given_at = []
    for pause in pauses:
        now[0] += pause
        wait = bucket.take()
        assert 0 <= wait <= 1 / rate
        if not wait:
            given_at.append(now[0])
    for first, begin in enumerate(given_at):
        for last, end in enumerate(given_at[first:], start=1):
            assert last <= 2 * rate + rate * (end - begin) + 1e-6
    if wait := bucket.take():
        now[0] += wait + 1e-9
        assert bucket.take() == 0


def test_a_bucket_gives_twice_its_rate_at_once():
    now = [100.0]
    bucket = TokenBucket(5, lambda: now[0])
    assert [bucket.take() == 0 for _ in range(11)] == [True] * 10 + [False]
    now[0] += bucket.take() + 0.01
    assert bucket.take() == 0


def test_limits():
    assert Limits.of({}) == Limits()
    assert Limits.of({"body": 5, "rate": 7}) == Limits(body=5, rate=7)
    with pytest.raises(ConfigError, match="did you mean queue"):
        Limits.of({"queu": 5})
    for value in (0, -1, True):
        with pytest.raises(ConfigError, match="body"):
            Limits.of({"body": value})
    with pytest.raises(ConfigError, match="never fit"):
        Limits.of({"queue": 255})
    with pytest.raises(ConfigError, match="never fit"):
        Limits.of({"queue": 1, "batch": 1})  # two questions to compare would not fit
