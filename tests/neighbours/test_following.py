import shutil
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel import StoreError
from gemel.neighbours import follower as following
from gemel.neighbours.follower import Follower
from gemel.store.base import NewQuestion
from gemel.store.connection import open_store

DIM = 8
MODEL = "a" * 64
KINDS = ["exact", "approximate"]


def unit(rows, seed=0, dim=DIM):
    vectors = np.random.default_rng(seed).normal(size=(rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def add(store, *names, seed=0, **options):
    questions = [NewQuestion(id=name, text=f"what is {name}?") for name in names]
    return store.add(questions, unit(len(names), seed), MODEL, **options)


def reindex(store, model, dim):
    store.begin_reindex(model, dim)
    while waiting := store.without_vector():
        keys = np.array([question.key for question in waiting])
        store.put_vectors(keys, unit(len(keys), 5, dim))
    store.finish_reindex()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "questions.db"


@pytest.fixture
def store(path):
    with open_store(str(path)) as opened:
        yield opened


def check(follower):
    """Its neighbours are what the store serves, and all of it."""
    follower.catch_up()
    changes = follower.store.changes(0, most=10**6)
    assert follower.sequence == changes.until == follower.store.state().sequence
    assert len(follower.neighbours) == len(changes.keys)
    np.testing.assert_array_equal(follower.neighbours.vectors(changes.keys), changes.vectors)


changes = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "reindex", "look"]),
        st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True),
    ),
    max_size=12,
)


@pytest.mark.parametrize("kind", KINDS)
@given(changes)
def test_it_is_what_the_store_is(tmp_path_factory, kind, changes):
    with open_store(str(tmp_path_factory.mktemp("following") / "store.db")) as store:
        follower = Follower(store, kind)
        for seed, (change, names) in enumerate(changes):
            state = store.state()
            if change == "add" and state.generation % 2 == 0:
                add(store, *names, seed=seed, replace=True)
            elif change == "remove":
                store.remove(names)
            elif change == "reindex" and state.dim:
                model, dim = ("b" * 64, 5) if state.model == MODEL else (MODEL, DIM)
                reindex(store, model, dim)
            elif change == "look":
                check(follower)
        check(follower)


def test_many_changes_come_in_batches(store, monkeypatch):
    real = store.changes
    monkeypatch.setattr(store, "changes", lambda since, **_: real(since, most=7))
    follower = Follower(store)
    add(store, *(f"q{n}" for n in range(50)))
    told = []
    follower.catch_up(lambda *progress: told.append(progress))
    assert len(follower.neighbours) == 50
    assert told[0] == ("finding neighbours", 7, 50)
    assert told[-1] == ("finding neighbours", 50, 50)


def test_nothing_new_is_not_taken_again(store, monkeypatch):
    follower = Follower(store)
    add(store, "a")
    follower.catch_up()
    monkeypatch.setattr(store, "changes", lambda since, **_: pytest.fail("asked for changes"))
    follower.catch_up()


def test_who_searches_keeps_the_old_while_a_new_model_comes(store):
    follower = Follower(store)
    add(store, "a", "b")
    follower.catch_up()
    old = follower.neighbours
    reindex(store, "b" * 64, 5)
    check(follower)
    assert follower.neighbours is not old
    assert (old.dim, follower.neighbours.dim) == (DIM, 5)
    assert old.search(unit(1).astype(np.float32), 2).keys.tolist() == [[1, 2]]


def test_a_corpus_that_grows_large_gets_a_graph(store, monkeypatch):
    monkeypatch.setattr(following, "EXACT_UP_TO", 3)
    follower = Follower(store)
    add(store, "a", "b", "c")
    check(follower)
    assert follower.choice.name == "exact"
    add(store, "d")
    check(follower)
    assert follower.choice.name == "approximate"
    store.remove(["a", "b"])
    check(follower)
    assert follower.choice.name == "approximate"


def test_who_serves_answers_at_once_and_gets_its_graph_meanwhile(store, monkeypatch, tmp_path):
    monkeypatch.setattr(following, "_EXACT_WHILE_SERVING", 3)
    monkeypatch.setattr(following, "_BATCH", 2)
    follower = Follower(store, serving=True, cache=tmp_path / "graph")
    add(store, "a", "b", "c")
    check(follower)
    assert not follower.improve()
    add(store, "d", "e")
    check(follower)
    assert (follower.choice.name, len(follower.neighbours)) == ("exact", 5)
    told = []

    def another_comes(*progress):
        told.append(progress)
        if len(told) == 1:
            add(store, "f")
            check(follower)
            assert (follower.choice.name, len(follower.neighbours)) == ("exact", 6)
            store.remove(["a"])

    assert follower.improve(another_comes)
    assert (follower.choice.name, len(follower.neighbours)) == ("approximate", 5)
    check(follower)
    assert [done for _, done, _ in told] == [2, 4, 6, 5]
    assert not follower.improve()
    follower.save()
    again = Follower(store, serving=True, cache=tmp_path / "graph")
    assert (again.choice.name, len(again.neighbours)) == ("approximate", 5)


def followed(store, cache):
    """A follower that begins with what the cache holds, and how many changes it has to take."""
    follower = Follower(store, "approximate", cache=cache)
    begun = follower.sequence
    check(follower)
    return follower, begun


def test_it_resumes_from_the_cache(store, tmp_path):
    cache = tmp_path / "cache"
    add(store, "a", "b", "c")
    first, begun = followed(store, cache)
    assert (begun, first.cache_problem) == (0, "there is none")
    assert first.save()
    add(store, "d", seed=2)
    store.remove(["a"])
    second, begun = followed(store, cache)
    assert (begun, second.cache_problem) == (first.sequence, "")


def test_it_begins_anew_when_the_cache_is_no_use(store, tmp_path):
    cache = tmp_path / "cache"
    add(store, "a", "b", "c")
    followed(store, cache)[0].save()
    reindex(store, "b" * 64, DIM)
    follower, begun = followed(store, cache)
    assert (begun, "another model" in follower.cache_problem) == (0, True)
    follower.save()
    cache.write_bytes(cache.read_bytes()[:-1])
    follower, begun = followed(store, cache)
    assert (begun, "damaged" in follower.cache_problem) == (0, True)


def test_a_cache_of_a_store_that_was_put_back_is_seen(path, tmp_path):
    cache, backup = tmp_path / "cache", tmp_path / "backup.db"
    with open_store(str(path)) as store:
        add(store, "a", "b")
    shutil.copy(path, backup)
    with open_store(str(path)) as store:
        add(store, "c", "d", seed=1)
        followed(store, cache)[0].save()
    shutil.copy(backup, path)
    with open_store(str(path)) as store:
        follower, begun = followed(store, cache)
        assert (begun, follower.cache_problem) == (0, "the store is older than it")
        # As many changes as before, but others.
        add(store, "e", seed=2)
        store.remove(["e"])
        followed(store, cache)


def test_there_is_nothing_to_save_without_a_graph_or_a_place(store, tmp_path):
    add(store, "a")
    assert not Follower(store, "exact", cache=tmp_path / "cache").save()
    assert not Follower(store, "approximate").save()
    assert not (tmp_path / "cache").exists()


def test_a_store_that_contradicts_itself_is_reported(store, monkeypatch):
    add(store, "a", "b")
    state = store.state()
    with monkeypatch.context() as patch:
        patch.setattr(store, "state", lambda: state._replace(questions=5))
        with pytest.raises(StoreError, match="holds 5 questions, and gave 2"):
            Follower(store).catch_up()
    with monkeypatch.context() as patch:
        patch.setattr(store, "state", lambda: state._replace(sequence=100))
        with pytest.raises(StoreError, match="has come to change 100, and gives none after 2"):
            Follower(store).catch_up()


def test_many_threads_catch_up_while_one_adds(store):
    follower, errors, done = Follower(store), [], threading.Event()

    def follow():
        try:
            while not done.is_set():
                known = store.state().sequence
                follower.catch_up()
                assert follower.sequence >= known
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        add(store, f"a{number}", f"b{number}", seed=number)
        store.remove([f"a{number}"])
    done.set()
    for thread in threads:
        thread.join()
    assert not errors
    check(follower)


def test_a_cache_is_written_only_when_something_changed(store, tmp_path):
    cache = tmp_path / "cache"
    add(store, "a", "b", "c")
    follower, _ = followed(store, cache)
    assert [follower.save(), follower.save()] == [True, False]
    again, _ = followed(store, cache)
    assert not again.save()
    add(store, "d", seed=2)
    check(again)
    assert again.save()


def test_a_cache_of_another_store_of_as_many_questions_is_no_use(path, tmp_path):
    cache, backup = tmp_path / "cache", tmp_path / "backup.db"
    with open_store(str(path)) as store:
        add(store, "a", "b")
        store.backup(backup)
        add(store, "c", "d", seed=1)
        followed(store, cache)[0].save()
        identity = store.state().identity
    shutil.copy(backup, path)
    with open_store(str(path)) as store:
        assert store.state().identity != identity
        add(store, "e", "f", seed=2)
        follower, begun = followed(store, cache)
        assert (begun, follower.cache_problem) == (0, "it is of another store")
