import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import PairGraph, Pairs, QuestionPair, connect

triples = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("ABCDxyz"), st.booleans()), max_size=12
)


def graph_of(rows):
    return PairGraph.of(Pairs.collect(QuestionPair(*row, 1) for row in rows))


@given(triples)
def test_graph_names_each_pairs_questions(rows):
    graph = graph_of(rows)
    assert [graph.questions[node] for node in graph.left] == [left for left, _, _ in rows]
    assert [graph.questions[node] for node in graph.right] == [r.lower() for _, r, _ in rows]
    assert len(set(graph.questions)) == len(graph.questions)


def connected(graph, links):
    left, right = np.array(links, int).reshape(-1, 2).T
    return connect(len(graph.questions), left, right).tolist()


@given(triples)
def test_groups_follow_duplicates_and_components_follow_all(rows):
    graph = graph_of(rows)
    links = list(zip(graph.left.tolist(), graph.right.tolist(), strict=True))
    same = [link for link, (_, _, label) in zip(links, rows, strict=True) if label]
    assert graph.groups.tolist() == connected(graph, same)
    assert graph.components.tolist() == connected(graph, links)


def test_texts_equal_once_cleaned_are_one_question():
    graph = graph_of([("How  OLD?", "age?", True), ("how old?", "why\u2019s", False)])
    assert graph.questions == ["how old?", "age?", "why's"]
    np.testing.assert_array_equal(graph.left, [0, 0])


def test_graph_of_nothing():
    graph = graph_of([])
    assert graph.questions == []
    assert len(graph.left) == len(graph.groups) == len(graph.components) == 0


def test_questions_that_differ_in_spaces_only_hang_together():
    graph = graph_of([("is n't it", "b", True), ("isn't it", "c", False), ("d", "e", True)])
    components = dict(zip(graph.questions, graph.components.tolist(), strict=True))
    assert components["is n't it"] == components["isn't it"] == components["c"]
    assert components["d"] != components["b"]
    assert graph.groups[graph.questions.index("isn't it")] != graph.groups[0]


def test_copies_are_one_question():
    rows = [
        ("of the us", "b", True),
        ("Of the \u201cUS\u201d ?", "c", False),
        ("of the us?", "d", 1),
    ]
    for turned in (rows, rows[::-1]):
        graph = graph_of(turned)
        assert sorted(graph.questions) == ["b", "c", "d", "of the us?"]
        assert len(set(graph.left.tolist())) == len(set(graph.components.tolist())) == 1


def test_digits_and_superscripts_are_two_questions():
    graph = graph_of([("what is 10\u2076", "what is 106", False)])
    assert graph.questions == ["what is 10^6", "what is 106"]
