import random
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.duplicates import candidates
from gemel.duplicates.candidates import BoundedPairs, ClosePairs


def made_of(rows):
    left, right, cosine = zip(*rows, strict=True) if rows else ((), (), ())
    return ClosePairs(
        np.array(left, np.int32), np.array(right, np.int32), np.array(cosine, np.float32)
    )


def rows_of(pairs):
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.cosine.tolist(), strict=True))


def slow_nearest(rows, most):
    kept = []
    for right in {row[1] for row in rows}:
        mine = sorted((row for row in rows if row[1] == right), key=lambda row: (-row[2], row[0]))
        kept += mine[:most]
    return sorted(kept)


PAIRS = st.dictionaries(
    st.tuples(st.integers(0, 9), st.integers(10, 15)),
    st.sampled_from([-0.75, -0.0, 0.0, 0.25, 0.5, 0.500001, 1.0]),
    max_size=60,
).map(lambda found: [(*pair, float(np.float32(cosine))) for pair, cosine in found.items()])


@given(PAIRS, st.integers(1, 12), st.randoms(use_true_random=False))
def test_of_each_row_the_nearest_stay_and_of_equal_ones_the_first(rows, most, order):
    order.shuffle(rows)
    found = made_of(rows).nearest(most)
    assert sorted(rows_of(found)) == slow_nearest(rows, most)
    assert found.left_out == len(rows) - len(found.left)


@given(PAIRS, st.integers(6, 60), st.integers(0, 9))
def test_what_stays_hangs_on_the_pairs_alone(rows, room, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_AT_LEAST", room)
        patch.setattr(candidates, "_EACH", 0)
        results = []
        for step in (1, 7, 100):
            random.Random(seed + step).shuffle(rows)
            pairs = BoundedPairs(16)
            for start in range(0, len(rows), step):
                pairs.add([made_of(rows[start : start + step])])
            results.append(pairs.all())
    assert {(tuple(rows_of(each)), each.left_out) for each in results} == {
        (tuple(rows_of(results[0])), results[0].left_out)
    }
    kept = rows_of(results[0])
    assert len(kept) + results[0].left_out == len(rows)
    assert len(kept) <= room
    assert kept == sorted(kept)
    # As many of each row as fit.
    fitting = [most for most in range(1, 61) if len(slow_nearest(rows, most)) <= room]
    assert kept == slow_nearest(rows, max(fitting))


def test_all_stay_where_there_is_room():
    rows = [(left, right, 0.5) for right in range(40) for left in range(right)]
    pairs = BoundedPairs(40)
    pairs.add([made_of(rows)])
    assert rows_of(pairs.all()) == sorted(rows)
    assert pairs.all().left_out == 0
    assert pairs.most is None


def test_threads_may_add_at_one_time(monkeypatch):
    monkeypatch.setattr(candidates, "_AT_LEAST", 100)
    monkeypatch.setattr(candidates, "_EACH", 0)
    rows = [(left, right, (left * 37 % 101) / 101) for right in range(60) for left in range(right)]
    pairs = BoundedPairs(60)
    threads = [
        threading.Thread(target=lambda part=part: pairs.add([made_of(rows[part::4])]))
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = pairs.all()
    assert len(found.left) <= 100
    assert len(found.left) + found.left_out == len(rows)
