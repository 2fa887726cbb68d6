import dataclasses
import multiprocessing
import os
import random
import signal
import sys
import time

import numpy as np
import pytest

from gemel import MissingExtraError
from gemel.neighbours.approximate import (
    ApproximateNeighbours,
    Graph,
    Origin,
    open_cache,
    save_cache,
)

DIM = 8
ORIGIN = Origin(store="questions.db", model="a" * 64, dim=DIM, generation=2, sequence=40)


def vectors_of(seed, rows=40):
    vectors = np.random.default_rng(seed).normal(size=(rows, DIM))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def filled(seed=0, rows=40):
    neighbours = ApproximateNeighbours(DIM)
    neighbours.put(np.arange(rows), vectors_of(seed, rows))
    return neighbours


@pytest.fixture
def path(tmp_path):
    """A good cache file."""
    save_cache(tmp_path / "cache", filled(), ORIGIN)
    return tmp_path / "cache"


def problem_of(path, wanted=ORIGIN, graph=None):
    cached = open_cache(path, wanted, graph or Graph())
    assert (cached.neighbours is None) == bool(cached.problem)
    return cached.problem


def test_what_was_saved_is_opened(path):
    cached = open_cache(path, dataclasses.replace(ORIGIN, sequence=50), Graph())
    assert (cached.problem, cached.sequence) == ("", 40)
    queries = vectors_of(1, 5).astype(np.float32)
    for found, expected in zip(
        cached.neighbours.search(queries, 7), filled().search(queries, 7), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    cached.neighbours.put(np.arange(50, 60), vectors_of(2, 10))
    cached.neighbours.remove(np.arange(10))
    assert len(cached.neighbours) == 40
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"store": "others.db"}, "it is of another store"),
        ({"model": "b" * 64}, "its vectors are of another model, aaaaaaaaaaaa"),
        ({"dim": 9}, "its vectors are of another model, aaaaaaaaaaaa"),
        ({"generation": 3}, "all vectors were made anew since"),
        ({"sequence": 39}, "the store is older than it"),
    ],
)
def test_a_cache_of_something_else_is_no_use(path, changed, problem):
    assert problem_of(path, dataclasses.replace(ORIGIN, **changed)) == problem


def test_other_settings_make_another_graph(path):
    assert "other settings" in problem_of(path, graph=Graph(connectivity=8))


def test_no_file_and_no_such_file(tmp_path):
    assert problem_of(tmp_path / "none") == "there is none"
    assert "cannot be read" in problem_of(tmp_path)
    (tmp_path / "empty").touch()
    assert "cannot be read" in problem_of(tmp_path / "empty")
    (tmp_path / "text").write_text("gemel neighbours\n")
    assert problem_of(tmp_path / "text") == "it is damaged: it does not begin as it should"


def test_a_newer_format_is_reported(path):
    path.write_bytes(path.read_bytes().replace(b"neighbours 1", b"neighbours 2"))
    assert problem_of(path) == "a newer gemel wrote it, in format 2"


def test_no_changed_byte_and_no_cut_goes_unseen(path):
    whole = path.read_bytes()
    numbers = random.Random(4)
    for place in [*range(0, 400, 7), *numbers.sample(range(len(whole)), 100)]:
        changed = bytearray(whole)
        changed[place] ^= 1 << numbers.randrange(8)
        path.write_bytes(changed)
        assert problem_of(path)
        path.write_bytes(whole[:place])
        assert problem_of(path)
    path.write_bytes(whole + b"\0")
    assert problem_of(path)
    path.write_bytes(whole)
    assert not problem_of(path)


def test_what_usearch_cannot_read_is_no_use(tmp_path, monkeypatch):
    neighbours = filled()
    monkeypatch.setattr(neighbours, "content", lambda: bytearray(b"another usearch's"))
    save_cache(tmp_path / "cache", neighbours, ORIGIN)
    assert "usearch cannot read it" in problem_of(tmp_path / "cache")


def test_a_full_disk_leaves_the_old_file(path, monkeypatch):
    def refuse(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="No space"):
            save_cache(path, filled(seed=1), dataclasses.replace(ORIGIN, sequence=41))
    assert [*path.parent.iterdir()] == [path]
    assert open_cache(path, ORIGIN, Graph()).sequence == 40


def test_without_usearch_a_good_file_states_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(MissingExtraError):
        open_cache(path, ORIGIN, Graph())


def save_for_ever(path, ready):
    """What is in the file tells of which sequence it is: so many questions."""
    sequence = 400
    while True:
        sequence += 1
        save_cache(path, filled(rows=sequence), dataclasses.replace(ORIGIN, sequence=sequence))
        ready.set()


@pytest.mark.parametrize("rounds", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_in_mid_save_it_leaves_a_whole_file(tmp_path, rounds):
    path, numbers = tmp_path / "cache", random.Random(rounds)
    context = multiprocessing.get_context("fork")
    wanted = dataclasses.replace(ORIGIN, sequence=10**9)
    for _ in range(rounds):
        ready = context.Event()
        process = context.Process(target=save_for_ever, args=(path, ready))
        process.start()
        assert ready.wait(600)
        time.sleep(numbers.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        cached = open_cache(path, wanted, Graph())
        assert cached.problem == ""
        assert len(cached.neighbours) == cached.sequence
        np.testing.assert_array_equal(
            cached.neighbours.vectors(np.arange(cached.sequence)), vectors_of(0, cached.sequence)
        )
