import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from gemel.duplicates import candidates
from gemel.duplicates.candidates import close_pairs
from gemel.neighbours import cells
from gemel.neighbours.cells import CellPlan, plan_cells

FLOORS = [0.4, 0.6, 0.8, 0.95]


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def alike(rows, dim, seed=1):
    """Vectors of which some are near to each other, some far: so many around each of some."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(rows // 8 + 1, dim))
    spread = random.uniform(0.1, 0.9, size=(rows, 1))
    return unit(
        centres[random.integers(0, len(centres), rows)] + spread * random.normal(size=(rows, dim))
    )


def slow_pairs(vectors, floor):
    vectors = vectors.astype(np.float64)
    return {
        (left, right): cosine
        for left in range(len(vectors))
        for right in range(left + 1, len(vectors))
        if (cosine := vectors[left] @ vectors[right]) >= floor
    }


def as_set(pairs):
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


@pytest.fixture
def small_parts(monkeypatch):
    """What is done for a hundred thousand rows is done for a hundred."""
    monkeypatch.setattr(cells, "_EXACT", 50)
    monkeypatch.setattr(candidates, "_BLOCK", 16)


def check_against_slow(pairs, vectors, floor):
    expected = slow_pairs(vectors, floor)
    # A cosine within rounding of the floor may fall on either side.
    near = {pair for pair, cosine in expected.items() if cosine < floor + 1e-5}
    assert as_set(pairs) >= expected.keys() - near
    assert as_set(pairs) <= slow_pairs(vectors, floor - 1e-5).keys()


@given(st.integers(0, 60), st.integers(0, 99), st.sampled_from(FLOORS))
def test_all_with_all_finds_every_pair_once_and_in_order(rows, seed, floor):
    vectors = alike(rows, 5, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_BLOCK", 16)
        pairs = close_pairs(vectors, floor)
    check_against_slow(pairs, vectors, floor)
    numbers = pairs.left.astype(int) * rows + pairs.right
    assert (np.diff(numbers) > 0).all()
    assert (pairs.left < pairs.right).all()
    exact = np.einsum("pd,pd->p", *(vectors[ends].astype(float) for ends in pairs[:2]))
    np.testing.assert_allclose(pairs.cosine, exact, atol=1e-5)


@given(
    st.integers(100, 200), st.integers(0, 99), st.sampled_from(FLOORS), st.sampled_from([2, 5, 11])
)
@settings(max_examples=40)
def test_cells_find_pairs_once_and_all_if_a_row_is_in_most(rows, seed, floor, probes):
    vectors = alike(rows, 5, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_BLOCK", 16)
        everything = close_pairs(vectors, floor)
        patch.setattr(candidates, "_STRIP", 5)
        patch.setattr(candidates, "plan_cells", lambda rows, floor: CellPlan(20, probes))
        stages = set()
        found = close_pairs(vectors, floor, progress=lambda stage, *_: stages.add(stage))
        assert stages == {"cells", "comparing"}
    assert as_set(found) <= as_set(everything)
    assert (np.diff(found.left.astype(int) * rows + found.right) > 0).all()
    if probes > 10:  # of any two, one cell of twenty is shared
        assert as_set(found) == as_set(everything)


def test_cells_find_nearly_all_of_many(monkeypatch):
    vectors = alike(6000, 64)
    everything = close_pairs(vectors, 0.6)
    monkeypatch.setattr(cells, "_EXACT", 5000)
    told = []
    found = close_pairs(vectors, 0.6, progress=lambda *progress: told.append(progress))
    assert ("cells", 6000, 6000) in told
    assert told[-1][1] == told[-1][2]
    assert as_set(found) <= as_set(everything)
    assert len(found.left) >= 0.99 * len(everything.left) > 1000


def test_the_same_every_time(monkeypatch):
    monkeypatch.setattr(cells, "_EXACT", 1000)
    vectors = alike(1500, 16)
    for first, second in zip(close_pairs(vectors, 0.8), close_pairs(vectors, 0.8), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_low_floor_compares_all_with_all(small_parts):
    vectors = alike(200, 8)
    stages = set()
    pairs = close_pairs(vectors, -1.5, progress=lambda stage, *_: stages.add(stage))
    assert stages == {"comparing"}
    assert len(pairs.left) == 200 * 199 / 2


@pytest.mark.parametrize("exact", [50, 1000])
def test_blank_and_broken_rows_are_in_no_pair(monkeypatch, exact):
    monkeypatch.setattr(cells, "_EXACT", exact)
    vectors = np.repeat(alike(1, 8), 300, axis=0)
    vectors[[3, 40]] = 0
    vectors[77, 2], vectors[78, 5] = np.nan, np.inf
    pairs = close_pairs(vectors, 0.9)
    left = set(range(300)) - {3, 40, 77, 78}
    assert set(np.unique([pairs.left, pairs.right]).tolist()) == left
    assert len(pairs.left) == len(left) * (len(left) - 1) / 2
    assert len(close_pairs(np.zeros((5, 8), np.float16), -1.0).left) == 0


def test_a_negative_floor_takes_opposites_too():
    vectors = unit(np.array([[1.0, 0], [-1, 0], [0, 1]]))
    assert as_set(close_pairs(vectors, -1.0)) == {(0, 1), (0, 2), (1, 2)}
    assert as_set(close_pairs(vectors, 0.0)) == {(0, 2), (1, 2)}


def test_its_threads_have_one_compute_thread_each(monkeypatch):
    seen = set()

    def look(*args, real=candidates._look):
        seen.update(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        seen.add(threading.current_thread() is threading.main_thread())
        return real(*args)

    monkeypatch.setattr(candidates, "_look", look)
    close_pairs(alike(3000, 8), 0.9)
    assert seen == {1, False}


def test_what_is_compared_grows_with_a_root_of_the_questions_and_falls_with_the_floor():
    assert plan_cells(30_000, 0.7) == CellPlan(1, 1)
    assert plan_cells(10**9, 0.9).probes == 3
    assert plan_cells(10**9, 0.7).probes == plan_cells(10**5, 0.7).probes == 6
    assert plan_cells(10**8, 0.7).cells == 10 * plan_cells(10**6, 0.7).cells
    assert plan_cells(10**6, 0.5).probes > plan_cells(10**6, 0.6).probes > 6
