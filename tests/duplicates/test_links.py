import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.duplicates.linkage import Links

ROWS = 8
# Halves, quarters and their like are added without rounding: what is equal stays equal.
likenesses = st.integers(0, 16).map(lambda share: share / 16)
pairs = st.dictionaries(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda e: e[0] < e[1]),
    likenesses,
    max_size=28,
)
# For every row a smaller one or itself, which stays where it is.
mergers = st.lists(st.booleans(), min_size=ROWS, max_size=ROWS).flatmap(
    lambda gone: st.tuples(
        *(
            st.sampled_from([at for at in range(row) if not gone[at]] or [row])
            if gone[row]
            else st.just(row)
            for row in range(ROWS)
        )
    )
)


def links_of(summed, turned=()):
    """Make links of a dictionary; some pairs are given the other way round."""
    ends = [(b, a) if place in turned else (a, b) for place, (a, b) in enumerate(summed)]
    left, right = (np.array([end[side] for end in ends], np.int32) for side in (0, 1))
    return Links.of(left, right, np.array(list(summed.values()), np.float32))


def summed_of(links):
    ends = list(zip(links.one.tolist(), links.other.tolist(), strict=True))
    assert len(set(ends)) == len(ends)
    assert all(one < other for one, other in ends)
    return dict(zip(ends, links.likeness.tolist(), strict=True))


def slow_best(summed, sizes, least):
    best = [-1] * ROWS
    for row in range(ROWS):
        means = {
            (set(ends) - {row}).pop(): likeness / (sizes[ends[0]] * sizes[ends[1]])
            for ends, likeness in summed.items()
            if row in ends
        }
        means = {partner: mean for partner, mean in means.items() if mean >= least}
        if means:
            best[row] = min(means, key=lambda partner: (-means[partner], partner))
    return best


def slow_renamed(summed, into):
    found = {}
    for (one, other), likeness in summed.items():
        ends = tuple(sorted((into[one], into[other])))
        if ends[0] != ends[1]:
            found[ends] = found.get(ends, 0.0) + likeness
    return found


@given(pairs, st.sets(st.integers(0, 27)))
def test_a_pair_is_the_same_either_way_round(summed, turned):
    assert summed_of(links_of(summed, turned)) == summed


@given(pairs, st.lists(st.integers(1, 3), min_size=ROWS, max_size=ROWS), st.integers(1, 16))
def test_the_best_partner_is_that_of_a_slow_search(summed, sizes, sixteenths):
    least = sixteenths / 16
    best = links_of(summed).best_partners(np.array(sizes), least)
    assert best.tolist() == slow_best(summed, sizes, least)


def test_of_equally_alike_partners_the_smallest_is_best():
    links = links_of({(1, 4): 0.5, (2, 4): 0.5, (0, 4): 0.25, (4, 5): 0.5})
    assert links.best_partners(np.ones(6, np.int64), 0.5).tolist() == [-1, 4, 4, -1, 1, 4]


@given(pairs, mergers)
def test_sums_move_to_the_groups_that_rows_become_part_of(summed, into):
    found = links_of(summed).renamed(np.array(into, np.int32))
    assert summed_of(found) == slow_renamed(summed, into)


@given(pairs, mergers, mergers)
def test_groups_grow_again(summed, first, second):
    links, expected = links_of(summed), summed
    for into in (first, second):
        links = links.renamed(np.array(into, np.int32))
        expected = slow_renamed(expected, into)
    assert summed_of(links) == expected


@given(pairs, st.sets(st.integers(0, ROWS - 1)))
def test_those_among_some_groups_are_kept(summed, groups):
    chosen = np.zeros(ROWS, bool)
    chosen[list(groups)] = True
    found = links_of(summed).among(chosen)
    assert summed_of(found) == {
        ends: likeness for ends, likeness in summed.items() if groups >= set(ends)
    }
