"""A process that changes or reads a store until it is killed, and says what it did.

    python store_worker.py change|read WHERE SEED

Of each change it says `begin` before and `done` after. The questions of a batch are always
changed together. A vector hangs on the model and the text alone, so whoever looks can check it.
"""

import random
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gemel.errors import StoreError
from gemel.store.base import NewQuestion
from gemel.store.connection import open_store

DIM = 8


def vector_of(model, text):
    drawn = np.random.default_rng(zlib.crc32(f"{model} {text}".encode())).normal(size=DIM)
    return (drawn / np.linalg.norm(drawn)).astype(np.float16)


def vectors_of(model, questions):
    return np.array([vector_of(model, question.text) for question in questions])


def make_batch(batch, size, turn):
    return [
        NewQuestion(id=f"{batch}-{n}", text=f"{batch}-{n} {turn}", metadata={"batch": batch})
        for n in range(size)
    ]


def size_of(batch):
    return 1 if batch % 3 == 0 else 20


def ids_of(batch):
    return [f"{batch}-{n}" for n in range(size_of(batch))]


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Changes:
    """What may happen to a store."""

    def __init__(self, store, seed):
        self.store, self.draw = store, random.Random(seed)
        batches = {kept.metadata["batch"] for lot in store.scan() for kept in lot}
        self.batches = sorted(batches)
        self.next = seed * 1_000_000

    def add(self):
        self.next += 1
        say("begin", "add", self.next)
        self.put(self.next, replace=False)
        self.batches.append(self.next)
        say("done", "add", self.next)

    def put(self, batch, *, replace):
        model = self.store.state().model or "one"
        asked = make_batch(batch, size_of(batch), self.draw.random())
        self.store.add(asked, vectors_of(model, asked), model, replace=replace)

    def replace(self):
        if self.batches:
            batch = self.draw.choice(self.batches)
            say("begin", "replace", batch)
            self.put(batch, replace=True)
            say("done", "replace", batch)

    def remove(self):
        if self.batches:
            batch = self.batches.pop(self.draw.randrange(len(self.batches)))
            say("begin", "remove", batch)
            self.store.remove(ids_of(batch))
            say("done", "remove", batch)

    def reindex(self):
        state = self.store.state()
        if not state.model:
            return
        model = state.reindexing or f"model {self.draw.random()}"
        self.store.begin_reindex(model, DIM)
        while questions := self.store.without_vector(most=50):
            keys = np.array([question.key for question in questions])
            self.store.put_vectors(keys, vectors_of(model, questions))
        self.store.finish_reindex()

    def back_up(self):
        with TemporaryDirectory() as folder:
            self.store.backup(Path(folder) / "backup.db")

    def erase(self):
        self.store.erase()

    def go_on(self):
        kinds = [self.add] * 8 + [self.replace] * 2 + [self.remove] * 3
        kinds += [self.reindex, self.back_up, self.erase]
        while True:
            self.draw.choice(kinds)()


def read(store, seed):
    """Poll, and end with an exception when half a change is seen."""
    draw = random.Random(seed)
    while True:
        found = store.changes(0, most=10_000_000)
        if not len(found.keys):
            continue
        (some,) = store.get([int(draw.choice(found.keys))])
        if some is None:
            continue
        batch = some.metadata["batch"]
        kept = store.find(ids_of(batch))
        turns = {question and question.text.split()[1] for question in kept}
        assert len(turns) == 1, (batch, turns)
        assert len(store.where({"batch": batch})) in (0, size_of(batch))


if __name__ == "__main__":
    what, where, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open_store(where) as opened:
        say("ready")
        try:
            if what == "change":
                Changes(opened, seed).go_on()
            else:
                read(opened, seed)
        except StoreError as error:
            say("failed", error)
