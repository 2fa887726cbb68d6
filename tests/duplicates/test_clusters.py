import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import connect
from gemel.duplicates.linkage import central_member, linked_groups

ROWS = 9
# Halves, quarters and their like are added without rounding: what is equal stays equal.
likenesses = st.integers(1, 16).map(lambda share: share / 16)
edges = st.dictionaries(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda e: e[0] < e[1]),
    likenesses,
    max_size=30,
)


def columns(pairs):
    left = np.array([a for a, _ in pairs], np.int32)
    right = np.array([b for _, b in pairs], np.int32)
    return left, right, np.array(list(pairs.values()), np.float32)


def slow_linked(pairs, least):
    """Look at all pairs of groups, join the best two, and begin again."""
    groups = [{row} for row in range(ROWS)]

    def mean(one, other):
        shares = [pairs.get((min(a, b), max(a, b)), 0.0) for a in one for b in other]
        return sum(shares) / len(shares)

    while True:
        found = [
            (-mean(one, other), min(one), min(other), one, other)
            for one in groups
            for other in groups
            if min(one) < min(other) and mean(one, other) >= least
        ]
        if not found:
            return [min(group) for row in range(ROWS) for group in groups if row in group]
        *_, one, other = min(found, key=lambda entry: entry[:3])
        groups = [group for group in groups if group not in (one, other)] + [one | other]


@given(edges, likenesses)
def test_linked_groups_are_those_of_looking_at_all(pairs, least):
    assert linked_groups(ROWS, *columns(pairs), least).tolist() == slow_linked(pairs, least)


@given(edges, likenesses, st.randoms())
def test_the_order_of_pairs_and_of_their_ends_means_nothing(pairs, least, random):
    expected = linked_groups(ROWS, *columns(pairs), least).tolist()
    shuffled = list(pairs.items())
    random.shuffle(shuffled)
    turned = {(b, a) if random.random() < 0.5 else (a, b): share for (a, b), share in shuffled}
    assert linked_groups(ROWS, *columns(turned), least).tolist() == expected


@given(edges, likenesses)
def test_linked_groups_are_parts_of_connected_ones(pairs, least):
    left, right, likeness = columns(pairs)
    linked = linked_groups(ROWS, left, right, likeness, least)
    connected = connect(ROWS, left, right)
    np.testing.assert_array_equal(connected[linked], connected)
    np.testing.assert_array_equal(linked[linked], linked)
    assert (linked <= np.arange(ROWS)).all()


def test_a_chain_does_not_hold_what_its_ends_deny():
    left, right = np.array([0, 1, 2]), np.array([1, 2, 3])
    likeness = np.array([0.9, 0.8, 0.9], np.float32)
    assert connect(4, left, right).tolist() == [0, 0, 0, 0]
    assert linked_groups(4, left, right, likeness, 0.5).tolist() == [0, 0, 2, 2]
    assert linked_groups(4, left, right, likeness, 0.2).tolist() == [0, 0, 0, 0]


def test_a_pair_is_as_alike_as_its_own_likeness():
    pair = np.array([0]), np.array([1]), np.array([0.7], np.float32)
    assert linked_groups(2, *pair, 0.7).tolist() == [0, 0]
    assert linked_groups(2, *pair, 0.70001).tolist() == [0, 1]


def test_no_pairs():
    none = np.zeros(0, np.int32)
    assert linked_groups(3, none, none, np.zeros(0, np.float32), 0.5).tolist() == [0, 1, 2]
    assert central_member(np.arange(3), none, none, np.zeros(0)).tolist() == [0, 1, 2]


@given(edges, likenesses)
def test_the_central_member_is_most_like_its_fellows(pairs, least):
    left, right, likeness = columns(pairs)
    groups = linked_groups(ROWS, left, right, likeness, least).tolist()
    central = central_member(np.array(groups), left, right, likeness).tolist()
    for row in range(ROWS):
        fellows = [other for other in range(ROWS) if groups[other] == groups[row]]
        sums = [
            sum(pairs.get((min(a, b), max(a, b)), 0) for b in fellows if b != a) for a in fellows
        ]
        assert central[row] == fellows[sums.index(max(sums))]


def test_one_long_chain():
    rows = np.arange(20_000)
    left = np.concatenate([rows[:-1], rows[:-2]])
    right = np.concatenate([rows[1:], rows[2:]])
    likeness = np.random.default_rng(3).uniform(0.3, 1, len(left)).astype(np.float32)
    groups = linked_groups(len(rows), left, right, likeness, 0.5)
    assert not connect(len(rows), left, right).any()
    assert 2 < np.bincount(groups).max() < 10
