"""Processes killed at random moments: what was acknowledged stays, and nothing is half there."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gemel.store.connection import open_store

sys.path.insert(0, str(Path(__file__).parent))
from store_worker import ids_of, size_of, vector_of


def start(what, where, seed):
    command = [sys.executable, Path(__file__).with_name("store_worker.py"), what, where, str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def first_change(writer):
    """Wait until a writer has changed something; give what it printed up to then."""
    said = []
    while not said or not said[-1].startswith("done"):
        said.append(writer.stdout.readline())
        assert said[-1], writer.stderr.read()
    return [line.rstrip("\n") for line in said]


def stop(process):
    process.send_signal(signal.SIGKILL)
    said, wrong = process.communicate()
    return said.splitlines(), wrong


class Expected:
    """What must be in the store, by what its killed writers printed."""

    def __init__(self):
        self.kept = set()
        self.acknowledged = 0

    def hear(self, lines):
        """Note what was done; give the batches for which both outcomes are right."""
        open_ = set()
        for line in lines:
            word, what, batch = line.split(" ", 2)
            if word == "failed":
                continue
            batch = int(batch)
            if word == "begin":
                open_.add(batch)
                continue
            open_.discard(batch)
            self.acknowledged += 1
            if what == "remove":
                self.kept.discard(batch)
            else:
                self.kept.add(batch)
        return open_

    def check(self, store, open_):
        state, changes = store.state(), store.changes(0, most=10_000_000)
        questions = {kept.key: kept for batch in store.scan() for kept in batch}
        assert state.questions == len(questions) == len(changes.keys)
        for key, vector in zip(changes.keys.tolist(), changes.vectors, strict=True):
            np.testing.assert_array_equal(vector, vector_of(state.model, questions[key].text))
        found = {kept.metadata["batch"] for kept in questions.values()}
        assert found - open_ == self.kept - open_
        for batch in found:
            kept = store.find(ids_of(batch))
            assert None not in kept, f"half of batch {batch}"
            assert len({question.text.split()[1] for question in kept}) == 1
            assert len(store.where({"batch": batch})) == size_of(batch)
        waiting = len(store.without_vector(most=10_000_000))
        if state.reindexing:
            assert waiting == state.questions - state.reindexed
        self.kept = found


def kill_in_rounds(where, rounds, kill):
    expected = Expected()
    reader = start("read", where, 0)
    for number in range(1, rounds + 1):
        writer = start("change", where, number)
        said = first_change(writer)
        time.sleep(random.Random(number).uniform(0.05, 0.6))
        open_ = expected.hear(said + kill(writer))
        with open_store(where, create=False) as store:
            expected.check(store, open_)
        if reader.poll() is not None:
            said, wrong = reader.communicate()
            assert not wrong, wrong
            assert said.startswith("failed"), said  # its server was killed
            reader = start("read", where, number)
    _, wrong = stop(reader)
    assert not wrong, wrong
    assert expected.acknowledged > rounds


def kill_writer(writer):
    lines, wrong = stop(writer)
    assert not wrong, wrong
    return lines


def test_a_killed_writer(where):
    kill_in_rounds(where, 2, kill_writer)


@pytest.mark.slow
def test_fifty_killed_writers(where):
    kill_in_rounds(where, 50, kill_writer)


@pytest.fixture
def kill_server(kill_and_start_server):
    """Kills the server under a writer, which reports it and ends."""

    def kill(writer):
        kill_and_start_server()
        said, wrong = writer.communicate(timeout=600)
        assert not wrong, wrong
        assert "failed" in said
        assert "the server does not answer, or stopped" in said
        return said.splitlines()

    return kill


def test_a_killed_server(new_database, kill_server):
    kill_in_rounds(new_database(), 2, kill_server)


@pytest.mark.slow
def test_fifty_killed_servers(new_database, kill_server):
    kill_in_rounds(new_database(), 50, kill_server)
