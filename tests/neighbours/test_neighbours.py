import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel import ConfigError, DataError, MissingExtraError, ModelMismatchError
from gemel.neighbours import approximate, exact
from gemel.neighbours.approximate import ApproximateNeighbours, Graph
from gemel.neighbours.base import Neighbours
from gemel.neighbours.exact import ExactNeighbours

DIM = 6
KINDS = [ExactNeighbours, ApproximateNeighbours]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def unit(rows, dim=DIM, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def keys_of(*keys):
    return np.array(keys, np.int64)


def slow_search(kept, query, k):
    """Sort all that there is, by cosine and then by key."""
    cosines = {
        key: np.float32(query.astype(np.float64) @ vector.astype(np.float64))
        for key, vector in kept.items()
    }
    best = sorted(kept, key=lambda key: (-cosines[key], key))[:k]
    missing = k - len(best)
    return best + [-1] * missing, [cosines[key] for key in best] + [-np.inf] * missing


def check(neighbours, kept, queries, k, among=None):
    found = neighbours.search(queries, k, among=among)
    assert found.keys.shape == found.cosines.shape == (len(queries), k)
    looked_at = kept if among is None else {key: kept[key] for key in kept if key in set(among)}
    for row, query in enumerate(queries):
        best, cosines = slow_search(looked_at, query, k)
        assert found.keys[row].tolist() == best
        assert found.cosines[row].tolist() == cosines


changes = st.lists(
    st.tuples(st.sampled_from(["put", "put", "remove"]), st.lists(st.integers(1, 30), max_size=9)),
    max_size=12,
)


@pytest.mark.parametrize("kind", KINDS)
@given(changes, st.integers(1, 40), st.lists(st.integers(0, 33), max_size=12))
def test_finds_what_sorting_everything_finds(kind, changes, k, among):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_WIDTH", 4)
        patch.setattr(exact, "_BATCH", 3)
        neighbours, kept = kind(DIM), {}
        for seed, (change, keys) in enumerate(changes):
            if change == "put":
                # The vectors of few seeds, so that many are the same.
                vectors = unit(len(keys), seed=seed % 3)
                neighbours.put(keys_of(*keys), vectors)
                kept.update(zip(keys, vectors, strict=True))
            else:
                neighbours.remove(keys_of(*keys))
                kept = {key: kept[key] for key in kept if key not in keys}
            assert len(neighbours) == len(kept)
        queries = unit(3, seed=0).astype(np.float32)
        check(neighbours, kept, queries, k)
        check(neighbours, kept, queries, k, among=keys_of(*among))
        given = keys_of(*kept)
        np.testing.assert_array_equal(
            neighbours.vectors(given), np.array(list(kept.values())).reshape(-1, DIM)
        )


def test_it_is_what_is_asked_for(kind):
    assert isinstance(kind(DIM), Neighbours)


def test_equal_vectors_come_by_key(kind):
    neighbours = kind(DIM)
    neighbours.put(keys_of(9, 3, 7, 5), np.repeat(unit(1), 4, axis=0))
    found = neighbours.search(unit(1).astype(np.float32), 3)
    assert found.keys.tolist() == [[3, 5, 7]]
    assert len(set(found.cosines[0].tolist())) == 1


def test_both_kinds_give_the_same_cosines():
    vectors, queries = unit(500, 32), unit(20, 32, seed=1).astype(np.float32)
    found = []
    for kind in KINDS:
        neighbours = kind(32)
        neighbours.put(np.arange(500), vectors)
        found.append(neighbours.search(queries, 5))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_float32_is_kept_as_float16(kind):
    neighbours = kind(DIM)
    vectors = np.random.default_rng(1).normal(size=(3, DIM)).astype(np.float32)
    neighbours.put(np.arange(3), vectors)
    np.testing.assert_array_equal(neighbours.vectors(np.arange(3)), vectors.astype(np.float16))


def test_nothing_in_it_and_nothing_asked(kind):
    neighbours = kind(DIM)
    found = neighbours.search(unit(2).astype(np.float32), 3)
    assert found.keys.tolist() == [[-1] * 3] * 2
    assert np.isneginf(found.cosines).all()
    neighbours.put(keys_of(1, 2, 3), unit(3))
    for k in (1, 4):
        assert neighbours.search(np.zeros((0, DIM), np.float32), k).keys.shape == (0, k)
    found = neighbours.search(unit(1).astype(np.float32), 2, among=keys_of())
    assert found.keys.tolist() == [[-1, -1]]


def test_what_cannot_be_answered_is_reported(kind):
    neighbours = kind(DIM)
    with pytest.raises(ModelMismatchError, match="3 numbers; those that are there have 6"):
        neighbours.put(keys_of(1), unit(1, 3))
    with pytest.raises(ModelMismatchError, match="3 numbers"):
        neighbours.search(unit(1, 3).astype(np.float32), 1)
    with pytest.raises(ConfigError, match="k must be a whole number of 1 at least, not 0"):
        neighbours.search(unit(1).astype(np.float32), 0)
    neighbours.put(keys_of(1), unit(1))
    with pytest.raises(DataError, match="no question has the key 4"):
        neighbours.vectors(keys_of(1, 4))


def test_many_queries_are_as_one_by_one(kind):
    neighbours = kind(32)
    neighbours.put(np.arange(3000), unit(3000, 32))
    queries = unit(300, 32, seed=1).astype(np.float32)
    together = neighbours.search(queries, 4)
    for row in (0, 7, 8, 255, 256, 299):
        alone = neighbours.search(queries[row : row + 1], 4)
        np.testing.assert_array_equal(together.keys[row], alone.keys[0])
        np.testing.assert_array_equal(together.cosines[row], alone.cosines[0])


@pytest.mark.parametrize("share", [2, 50, 1500, 2900])
def test_among_some_of_many(kind, share):
    vectors = unit(3000, 32)
    neighbours = kind(32)
    neighbours.put(np.arange(3000), vectors)
    among = np.random.default_rng(share).permutation(3000)[:share]
    # Half of the queries are far from all that is wanted.
    queries = np.concatenate([vectors[among[:2]], -vectors[among[:2]]]).astype(np.float32)
    kept = dict(enumerate(vectors))
    found = neighbours.search(queries, 10, among=among)
    hits = total = 0
    for row, query in enumerate(queries):
        best, _ = slow_search({key: kept[key] for key in among.tolist()}, query, 10)
        hits += len(set(found.keys[row].tolist()) & set(best))
        total += len(set(best))
    assert hits == total if kind is ExactNeighbours else hits >= 0.95 * total


def test_memory_is_given_back():
    neighbours = ExactNeighbours(DIM)
    neighbours.put(np.arange(20_000), np.repeat(unit(1), 20_000, axis=0))
    neighbours.remove(np.arange(19_000))
    assert len(neighbours._blocks) == 1
    found = neighbours.search(unit(1).astype(np.float32), 1000)
    assert found.keys[0].tolist() == list(range(19_000, 20_000))


def test_searches_continue_while_others_put_and_remove(kind):
    dim, steady = 16, 500
    vectors = unit(steady, dim)
    neighbours = kind(dim)
    neighbours.put(np.arange(steady), vectors)
    away = -vectors[:64]  # never among the nearest
    errors, done = [], threading.Event()

    def change(base):
        try:
            for turn in range(12):
                keys = base + np.arange(64) + (turn % 3) * 20
                neighbours.put(keys, away)
                neighbours.remove(keys[::2])
                neighbours.put(np.arange(steady)[turn::50], vectors[turn::50])
        except Exception as error:
            errors.append(error)

    def ask(seed):
        random = np.random.default_rng(seed)
        try:
            while not done.is_set():
                row = int(random.integers(steady))
                query = vectors[row : row + 1].astype(np.float32)
                found = neighbours.search(query, 3)
                assert found.keys[0, 0] == row
                assert np.array_equal(neighbours.vectors(found.keys[0, :1]), vectors[row : row + 1])
        except Exception as error:
            errors.append(error)

    changers = [threading.Thread(target=change, args=(1000 * n,)) for n in (1, 2)]
    askers = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
    for thread in changers + askers:
        thread.start()
    for thread in changers:
        thread.join()
    done.set()
    for thread in askers:
        thread.join()
    assert not errors


def test_a_large_graph_finds_nearly_all():
    random = np.random.default_rng(2)
    centres = random.normal(size=(200, 32))
    vectors = centres[random.integers(0, 200, 4000)] + 0.5 * random.normal(size=(4000, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    queries = vectors[:100].astype(np.float32)
    found = []
    for neighbours in (ExactNeighbours(32), ApproximateNeighbours(32)):
        neighbours.put(np.arange(4000), vectors)
        found.append(neighbours.search(queries, 10).keys)
    hits = sum(len(np.intersect1d(*rows)) for rows in zip(*found, strict=True))
    assert hits >= 0.99 * 1000


def test_the_content_resumes_where_it_was():
    graph = Graph(expansion_search=77)
    neighbours = ApproximateNeighbours(DIM, graph)
    neighbours.put(np.arange(50), unit(50))
    again = ApproximateNeighbours(DIM, graph, content=memoryview(neighbours.content()))
    assert again._index.expansion_search == 77
    again.remove(np.arange(0, 50, 2))
    again.put(keys_of(100), unit(1, seed=9))
    kept = {key: unit(50)[key] for key in range(1, 50, 2)} | {100: unit(1, seed=9)[0]}
    check(again, kept, unit(3).astype(np.float32), 30)


def test_all_are_found_though_the_graph_lost_some(monkeypatch):
    neighbours = ApproximateNeighbours(DIM)
    neighbours.put(np.arange(40), unit(40))

    def nothing(queries, count):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)

    monkeypatch.setattr(neighbours, "_nearest", nothing)
    check(neighbours, dict(enumerate(unit(40))), unit(2).astype(np.float32), 5)


def test_without_usearch_the_line_to_type_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gemel\[ann\]'"):
        approximate.ApproximateNeighbours(DIM)
