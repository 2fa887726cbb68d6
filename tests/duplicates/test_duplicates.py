import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.duplicates.duplicate_groups import Duplicates, ScoredPairs
from gemel.errors import ConfigError

COUNT = 7
EDGES = st.dictionaries(
    st.sampled_from(list(itertools.combinations(range(COUNT), 2))),
    st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9, 1.0]),
)
COPIES = st.lists(st.integers(0, COUNT - 1), max_size=4)


def scored(edges):
    ordered = sorted(edges.items())
    sides = np.array([pair for pair, _ in ordered], np.int32).reshape(-1, 2)
    likely = np.array([share for _, share in ordered], np.float32)
    return ScoredPairs(
        sides[:, 0].copy(), sides[:, 1].copy(), likely / 2 + 0.5, likely - 0.05, likely
    )


def made(edges, copies=(), probability=0.5, linkage="average"):
    numbers = np.array([*range(COUNT), *copies], np.int32)
    texts = [f"question {number}" for number in numbers]
    ids = [f"q{row}" for row in range(len(numbers))]
    return Duplicates(ids, texts, numbers, len(copies), scored(edges), 0.5, probability, linkage)


def parts(found):
    return {frozenset(member.id for member in group.members) for group in found.groups}


@given(EDGES, COPIES, st.sampled_from([0.2, 0.5, 0.8]))
def test_connected_groups_are_what_a_walk_along_the_pairs_reaches(edges, copies, cut):
    found = made(edges, copies, cut, "connected")
    seen = [*range(COUNT), *copies]
    reach = {row: {row} for row in range(len(seen))}
    joined = {pair for pair, share in edges.items() if share >= cut}
    changed = True
    while changed:
        changed = False
        for one, other in itertools.combinations(range(len(seen)), 2):
            pair = tuple(sorted((seen[one], seen[other])))
            if (pair in joined or pair[0] == pair[1]) and reach[one] is not reach[other]:
                both = reach[one] | reach[other]
                changed = True
                for row in both:
                    reach[row] = both
    expected = {frozenset(f"q{row}" for row in rows) for rows in reach.values() if len(rows) > 1}
    assert parts(found) == expected


@given(EDGES, COPIES, st.sampled_from([0.2, 0.5, 0.8]))
def test_a_stricter_linkage_parts_what_a_chain_joins(edges, copies, cut):
    average, connected = (made(edges, copies, cut, linkage) for linkage in LINKED)
    for group in parts(average):
        assert any(group <= chain for chain in parts(connected))
    component = {group.component: parts for group in average.groups}
    assert len(component) <= max(1, len(connected.groups)) or not average.groups


LINKED = ("average", "connected")


def test_a_chain_is_no_group():
    chain = {(0, 1): 0.9, (1, 2): 0.8, (2, 3): 0.9}
    assert parts(made(chain)) == {frozenset({"q0", "q1"}), frozenset({"q2", "q3"})}
    assert parts(made(chain, linkage="connected")) == {frozenset({"q0", "q1", "q2", "q3"})}
    first, second = made(chain).groups
    assert first.component == second.component


@given(EDGES, COPIES, st.sampled_from([0.2, 0.5, 0.8]), st.sampled_from(LINKED))
def test_what_is_promised_of_groups(edges, copies, cut, linkage):
    found = made(edges, copies, cut, linkage)
    sizes = [len(group) for group in found.groups]
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes, default=2) >= 2
    members = [member.id for group in found.groups for member in group.members]
    assert len(members) == len(set(members))
    assert len(found.kept) == len(found.ids) - len(members) + len(sizes)
    assert found.exact == len(copies)
    numbers = dict(zip(found.ids, found.copies.tolist(), strict=True))
    for group in found.groups:
        central, *others = group.members
        assert central.probability == 1
        assert central.id in found.kept
        ranks = [-1 if each.probability is None else each.probability for each in others]
        assert ranks == sorted(ranks, reverse=True)
        for each in others:
            pair = tuple(sorted((numbers[central.id], numbers[each.id])))
            expected = 1 if pair[0] == pair[1] else edges.get(pair)
            assert each.probability == (None if expected is None else np.float32(expected))


@given(EDGES, st.sampled_from([0.2, 0.5, 0.8]))
def test_the_central_question_is_nearest_to_the_others(edges, cut):
    for group in made(edges, (), cut).groups:
        rows = [int(member.id[1:]) for member in group.members]

        def nearness(row, rows=rows):
            pairs = [tuple(sorted((row, other))) for other in rows if other != row]
            return sum(edges.get(pair, 0) for pair in pairs)

        assert nearness(rows[0]) == pytest.approx(max(map(nearness, rows)), abs=1e-5)


@given(EDGES, COPIES, st.sampled_from(LINKED))
def test_scores_are_of_the_group_and_all_there(edges, copies, linkage):
    found = made(edges, copies, 0.5, linkage)
    for group, scores in zip(found.groups, found.scores(), strict=True):
        inside = {int(member.id[1:]) for member in group.members if int(member.id[1:]) < COUNT}
        expected = {pair: share for pair, share in edges.items() if set(pair) <= inside}
        given = {(int(each.left[1:]), int(each.right[1:])): each.probability for each in scores}
        assert given == pytest.approx(expected)


@given(EDGES, COPIES)
def test_a_cut_can_be_taken_back(edges, copies):
    found = made(edges, copies, 0.5)
    assert parts(found.rethreshold(0.8).rethreshold(0.5)) == parts(found)
    lower = found.rethreshold(0.2, "connected")
    assert (lower.probability, lower.linkage) == (0.2, "connected")
    assert all(any(group <= larger for larger in parts(lower)) for group in parts(found))


@pytest.mark.parametrize("probability", [0.0, -1.0, 1.1, float("nan")])
def test_a_cut_is_a_probability(probability):
    with pytest.raises(ConfigError, match="probability must be above 0, at most 1, not"):
        made({}, (), probability)


def test_a_linkage_is_one_of_two():
    with pytest.raises(ConfigError, match="linkage must be one of average, connected, not 'ward'"):
        made({}).rethreshold(0.5, "ward")


def test_nothing_at_all():
    empty = Duplicates([], [], np.zeros(0, np.int32), 0, scored({}), 0.5, 0.5)
    assert (empty.groups, empty.kept, empty.exact, list(empty.scores())) == ((), [], 0, [])


@given(EDGES, COPIES, st.sets(st.integers(0, COUNT + 3)), st.sampled_from([0.2, 0.5, 0.8]))
def test_what_is_taken_out_leaves_its_group_and_the_scores_of_it(edges, copies, taken, cut):
    whole = made(edges, copies, cut)
    apart = {f"q{row}" for row in taken}
    left = whole.without(apart)
    expected = {part - apart for part in parts(whole)}
    assert parts(left) == {part for part in expected if len(part) > 1}
    assert [len(group) for group in left.groups] == sorted(map(len, left.groups), reverse=True)
    for group, scores in zip(left.groups, left.scores(), strict=True):
        members = {member.id for member in group.members}
        assert {name for score in scores for name in score[:2]} <= members
    assert left.without([]).groups == left.groups
    assert not apart & {member.id for group in left.groups for member in group.members}
