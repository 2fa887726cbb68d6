import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.corpus.reviews import choose_for_review
from gemel.duplicates.duplicate_groups import Duplicates, ScoredPairs
from gemel.errors import ConfigError

COUNT = 7
ALL = list(itertools.combinations(range(COUNT), 2))
EDGES = st.dictionaries(st.sampled_from(ALL), st.floats(0, 1, width=32))
COPIES = st.lists(st.integers(0, COUNT - 1), max_size=4)
ROWS = st.integers(0, COUNT + 5)  # some are not there
DECIDED = st.lists(st.tuples(ROWS, ROWS), max_size=8)
WEIGHTS = [(part + 0.5) / 10 * (1 - (part + 0.5) / 10) for part in range(10)]


def made(edges, copies=(), count=COUNT):
    sides = np.array(sorted(edges), np.int32).reshape(-1, 2)
    likely = np.array([edges[pair] for pair in sorted(edges)], np.float32)
    pairs = ScoredPairs(
        sides[:, 0].copy(), sides[:, 1].copy(), likely / 2 + 0.5, likely - 0.05, likely
    )
    numbers = np.array([*range(count), *copies], np.int32)
    ids = [f"q{row}" for row in range(len(numbers))]
    texts = [f"question {row}" for row in range(len(numbers))]
    return Duplicates(ids, texts, numbers, len(copies), pairs, 0.5, 0.5)


def named(rows):
    return [(f"q{one}", f"q{other}") for one, other in rows]


def rows_of(pair):
    return int(pair.left_id[1:]), int(pair.right_id[1:])


def part_of(likely):
    return min(int(np.float32(likely) * np.float32(10)), 9)


@given(EDGES, COPIES, DECIDED, st.integers(1, 30), st.integers(0, 3))
def test_the_choice_is_what_the_rules_allow_at_every_step(edges, copies, decided, count, seed):
    found = choose_for_review(made(edges, copies), named(decided), count, seed=seed)
    numbers = dict(enumerate([*range(COUNT), *copies]))
    done = {tuple(sorted((numbers.get(a, -1), numbers.get(b, -1)))) for a, b in decided}
    left = {pair: likely for pair, likely in edges.items() if pair not in done}
    assert found.remaining == len(left)
    assert len(found.pairs) == min(count, len(left))
    taken = [0.5] * 10
    for pair in done & set(edges):
        taken[part_of(edges[pair])] += 1
    uses = dict.fromkeys(range(COUNT), 0)
    for pair in found.pairs:
        rows = rows_of(pair)
        likely = left[rows]  # is there, not decided, not chosen before
        limit = 1
        while not (fresh := [each for each in left if max(uses[each[0]], uses[each[1]]) < limit]):
            limit *= 2
        assert rows in fresh
        behind = {part: taken[part] / WEIGHTS[part] for part in {part_of(left[x]) for x in fresh}}
        assert behind[part_of(likely)] == pytest.approx(min(behind.values()))
        del left[rows]
        taken[part_of(likely)] += 1
        for row in rows:
            uses[row] += 1


@given(EDGES.filter(len))
def test_a_pair_states_what_the_model_said(edges):
    for pair in choose_for_review(made(edges), [], 30).pairs:
        one, other = rows_of(pair)
        assert (pair.left_text, pair.right_text) == (f"question {one}", f"question {other}")
        likely = np.float32(edges[one, other])
        assert pair.probability == likely
        assert pair.cosine == likely / 2 + np.float32(0.5)
        assert pair.similarity == likely - np.float32(0.05)


@given(EDGES, DECIDED, st.integers(1, 30), st.integers(0, 3))
def test_the_same_seed_is_the_same_choice_and_order_of_decisions_does_not_matter(
    edges, decided, count, seed
):
    found = made(edges)
    one = choose_for_review(found, named(decided), count, seed=seed)
    turned = {(other, one) for one, other in named(decided)}
    assert choose_for_review(found, turned, count, seed=seed) == one


def many(count, likely):
    return made(
        dict(zip(((n, count + n) for n in range(count)), likely, strict=True)), (), 2 * count
    )


def test_most_are_doubtful_and_all_parts_of_the_range_are_seen():
    random = np.random.default_rng(0)
    found = many(20_000, random.beta(0.3, 1, 20_000).astype(np.float32))  # mostly near 0
    chosen = choose_for_review(found, [], 330)
    counts = np.bincount([part_of(pair.probability) for pair in chosen.pairs], minlength=10)
    expected = np.array(WEIGHTS) / sum(WEIGHTS) * 330
    assert np.abs(counts - expected).max() < 1
    first = np.bincount([part_of(pair.probability) for pair in chosen.pairs[:33]], minlength=10)
    assert np.abs(first - expected / 10).max() < 1


def test_another_seed_is_another_choice():
    found = many(500, np.linspace(0, 1, 500, dtype=np.float32))
    ids = [
        {pair.left_id for pair in choose_for_review(found, [], 50, seed=seed).pairs}
        for seed in range(4)
    ]
    for one, other in itertools.combinations(ids, 2):
        assert len(one & other) < 25


def test_within_a_part_chance_is_even():
    found = many(40, np.linspace(0.41, 0.49, 40, dtype=np.float32))
    times = np.zeros(40)
    for seed in range(400):
        for pair in choose_for_review(found, [], 4, seed=seed).pairs:
            times[int(pair.left_id[1:])] += 1
    assert times.min() > 15  # 40 are expected of each, give or take 6
    assert times.max() < 70


def test_later_batches_take_what_earlier_ones_left():
    found = many(300, np.linspace(0, 1, 300, dtype=np.float32))
    decided, seen = [], []
    while chosen := choose_for_review(found, decided, 7).pairs:
        decided += [(pair.left_id, pair.right_id) for pair in chosen]
        seen += [part_of(pair.probability) for pair in chosen]
        if len(seen) == 98:
            counts = np.bincount(seen, minlength=10)
            assert np.abs(counts - np.array(WEIGHTS) / sum(WEIGHTS) * 98).max() < 1
    assert len(decided) == len(set(decided)) == 300


def test_one_question_that_is_like_all_others_comes_once():
    hub = {(0, other): 0.5 for other in range(1, 3000)}
    others = {(n, n + 1): 0.5 for n in range(1, 2999, 2)}
    lot = choose_for_review(made(hub | others, (), 3000), [], 1400).pairs
    assert sum(pair.left_id == "q0" for pair in lot) <= 1
    star = choose_for_review(made(hub, (), 3000), [], 1400).pairs
    assert len({pair.right_id for pair in star}) == 1400


@pytest.mark.parametrize("count", [0, -3])
def test_no_pairs_at_all_cannot_be_asked_for(count):
    with pytest.raises(ConfigError, match=f"must be a whole number of 1 at least, not {count}"):
        choose_for_review(made({}), [], count)


def test_a_corpus_without_close_pairs_has_nothing_to_review():
    assert choose_for_review(made({}), [("q0", "q1")], 5) == ([], 0)
