import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import PairGraph, Pairs, QuestionPair
from gemel.data.duplicate_graph import DuplicateLinks

row_lists = st.lists(
    st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij"), st.booleans()),
    min_size=1,
    max_size=25,
)


def links_of(rows):
    pairs = Pairs.collect(QuestionPair(*row, line) for line, row in enumerate(rows, start=2))
    graph = PairGraph.of(pairs)
    return graph, DuplicateLinks(pairs, graph)


def distances(rows, questions):
    """Floyd and Warshall's steps between all questions."""
    number = {question: place for place, question in enumerate(questions)}
    steps = np.full((len(number), len(number)), np.inf)
    np.fill_diagonal(steps, 0)
    for left, right, same in rows:
        if same and left != right:
            steps[number[left], number[right]] = steps[number[right], number[left]] = 1
    for middle in range(len(number)):
        steps = np.minimum(steps, steps[:, middle, None] + steps[middle])
    return steps


def check(chain, rows):
    """Every step is a pair labelled 1, on the line that the chain names."""
    for link, line in zip(itertools.pairwise(chain.questions), chain.lines, strict=True):
        row = rows[line - 2]
        assert set(link) == set(row[:2])
        assert row[2]


@given(row_lists)
def test_chains_between_any_two_are_shortest_and_true(rows):
    graph, links = links_of(rows)
    steps = distances(rows, graph.questions)
    for one in range(len(steps)):
        for two in range(len(steps)):
            if np.isfinite(steps[one, two]):
                chain = links.between(one, two)
                check(chain, rows)
                assert (chain.questions[0], chain.questions[-1]) == (
                    graph.questions[one],
                    graph.questions[two],
                )
                assert len(chain.lines) == steps[one, two]
            else:
                with pytest.raises(ValueError, match="in no one duplicate group"):
                    links.between(one, two)


@given(row_lists, st.integers(1, 4))
def test_longest_chains_are_as_long_as_a_double_sweep_promises(rows, count):
    """At least half of what is there, at most all; one of a group, the longest first."""
    graph, links = links_of(rows)
    steps = distances(rows, graph.questions)
    farthest = {}
    for root in set(graph.groups.tolist()):
        members = np.flatnonzero(graph.groups == root)
        farthest[root] = steps[np.ix_(members, members)].max()
    chains = links.longest(count)
    found = [len(chain.lines) for chain in chains]
    assert found == sorted(found, reverse=True)
    roots = [int(graph.groups[graph.questions.index(chain.questions[0])]) for chain in chains]
    at_least, at_most = (sum(far > few for far in farthest.values()) for few in (2, 1))
    assert min(count, at_least) <= len(set(roots)) == len(roots) <= min(count, at_most)
    for chain, root in zip(chains, roots, strict=True):
        check(chain, rows)
        assert farthest[root] / 2 <= len(chain.lines) <= farthest[root]


@given(st.integers(3, 30), st.randoms(use_true_random=False))
def test_the_longest_chain_of_a_tree_is_found_exactly(count, random):
    rows = [(f"q{node}", f"q{random.randrange(node)}", True) for node in range(1, count)]
    random.shuffle(rows)
    graph, links = links_of(rows)
    (chain,) = links.longest(1)
    assert len(chain.lines) == distances(rows, graph.questions).max()


def test_groups_in_which_all_are_paired_have_no_chain_to_show():
    _, links = links_of([("a", "b", True), ("b", "c", True), ("a", "c", True), ("d", "e", True)])
    assert links.longest() == []


@given(st.integers(3, 25), st.randoms(use_true_random=False))
def test_in_a_tree_the_longest_chain_is_the_longest(size, random):
    """A double sweep is exact where no two ways lead to one question."""
    edges = [(node, random.randrange(node)) for node in range(1, size)]
    apart = [[0 if a == b else size for b in range(size)] for a in range(size)]
    for a, b in edges:
        apart[a][b] = apart[b][a] = 1
    for way in range(size):
        for a in range(size):
            for b in range(size):
                apart[a][b] = min(apart[a][b], apart[a][way] + apart[way][b])
    pairs = Pairs.of([f"q{a}" for a, _ in edges], [f"q{b}" for _, b in edges], [True] * len(edges))
    (chain,) = DuplicateLinks(pairs, PairGraph.of(pairs)).longest(1)
    assert len(chain.lines) == max(map(max, apart))
