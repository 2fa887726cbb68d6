"""Keys as the service keeps them: what a wrong one costs, and when a change takes effect."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gemel.service import access as keyring
from gemel.service.access import Keyring
from gemel.service.responses import Refusal
from gemel.store.base import KeyRecord, KeyStore
from gemel.store.service_keys import draw_key, key_hash


def run_apart(make):
    """Run a coroutine in a thread of its own: the browser of other tests has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(make())).result()


class Store(KeyStore):
    """Keys in a dictionary; counts how often they are read."""

    def __init__(self, *names):
        self.reads, self.threads = 0, set()
        self.kept, self.texts = {}, {}
        for name in names:
            self.add(name)

    def add(self, name):
        self.texts[name] = draw_key().text
        self.kept[key_hash(self.texts[name])] = KeyRecord(
            name=name, scope="read", prefix="", created_at=0.0, revoked_at=None
        )

    def good_keys(self):
        self.reads += 1
        self.threads.add(threading.get_ident())
        return dict(self.kept)


@pytest.fixture
def clock(monkeypatch):
    """The seconds that the keyring sees; no answer is held back."""
    monkeypatch.setattr(keyring, "_PAUSE", 0)
    return [5000.0]


def made(store, rate, clock):
    return Keyring(store, rate, clock=lambda: clock[0])


async def code(keys, text):
    try:
        return (await keys.require(f"Bearer {text}", write=False)).name
    except Refusal as refusal:
        return refusal.code


def codes(keys, texts):
    async def ask():
        return [await code(keys, text) for text in texts]

    return run_apart(ask)


def test_wrong_keys_do_not_reach_the_store(clock):
    store = Store("ann")
    keys = made(store, 10_000, clock)
    found = codes(keys, [draw_key().text for _ in range(1000)])
    assert set(found) == {"bad_key", "too_many"}
    assert store.reads <= 1 + 2 * keyring._LOOKS
    assert codes(keys, ["x" * 100, "", "gemel_é", store.texts["ann"]])[-1] == "ann"
    assert threading.get_ident() not in store.threads


def test_a_key_that_was_just_made_is_good_at_once_and_after_guessing_within_a_second(clock):
    store = Store("ann")
    keys = made(store, 100, clock)
    assert codes(keys, [store.texts["ann"]]) == ["ann"]
    store.add("bob")
    assert codes(keys, [store.texts["bob"]]) == ["bob"]
    codes(keys, [draw_key().text for _ in range(100)])
    store.add("eve")
    assert codes(keys, [store.texts["eve"]]) == ["too_many"]
    clock[0] += 1.01
    assert codes(keys, [store.texts["eve"]]) == ["eve"]


def test_a_key_that_was_revoked_lives_a_second_at_most(clock):
    store = Store("ann", "bob")
    keys = made(store, 100, clock)
    assert codes(keys, [store.texts["ann"]]) == ["ann"]
    del store.kept[key_hash(store.texts["ann"])]
    clock[0] += 1.01
    assert codes(keys, [store.texts[name] for name in ("ann", "bob")]) == ["bad_key", "bob"]


def test_keys_are_read_once_for_all_that_wait(clock):
    store = Store("ann")
    keys = made(store, 1000, clock)

    async def together():
        return await asyncio.gather(*(code(keys, store.texts["ann"]) for _ in range(50)))

    assert run_apart(together) == ["ann"] * 50
    assert store.reads == 1


def test_a_clock_that_is_set_back_keeps_no_key_alive(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(keyring, "_FRESH", 0.0)
    store = Store("ann")
    keys = Keyring(store, 100)
    assert codes(keys, [store.texts["ann"]]) == ["ann"]
    store.kept.clear()
    assert codes(keys, [store.texts["ann"]]) == ["bad_key"]
