from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Overlap, PairGraph, Pairs, QuestionPair, measure_overlap

names = st.sampled_from(["a", "A ", "b c", "bc", "d?", "d ?", "e", "f", " "])
row_lists = st.lists(st.tuples(names, names, st.booleans()), max_size=12)


def graph_of(rows):
    return PairGraph.of(Pairs.collect(QuestionPair(*row, 1) for row in rows))


def slow_overlap(known, other):
    """Compare every text with every text."""

    def spaceless(rows):
        return [[text.lower().replace(" ", "") for text in row[:2]] for row in rows]

    texts = {text for row in spaceless(known) for text in row}
    pairs = [set(row) for row in spaceless(known)]
    plain = (text.lower().replace(" ?", "?") for row in other for text in row[:2])
    questions = {" ".join(text.split()) for text in plain}
    return Overlap(
        questions=len(questions),
        shared_questions=sum(question.replace(" ", "") in texts for question in questions),
        pairs=len(other),
        pairs_with_a_shared_question=sum(bool(set(row) & texts) for row in spaceless(other)),
        shared_pairs=sum(set(row) in pairs for row in spaceless(other)),
    )


@given(row_lists, row_lists)
def test_it_counts_what_a_slow_search_finds(known, other):
    assert measure_overlap(graph_of(known), graph_of(other)) == slow_overlap(known, other)


@given(row_lists)
def test_all_of_a_file_is_in_itself_turned_round(rows):
    overlap = measure_overlap(graph_of(rows), graph_of([(b, a, not same) for a, b, same in rows]))
    assert overlap.shared_questions == overlap.questions
    assert overlap.shared_pairs == overlap.pairs_with_a_shared_question == overlap.pairs


def test_a_file_cut_into_words_shares_its_questions_with_the_one_it_came_from():
    overlap = measure_overlap(
        graph_of([("Can't I pay (now)?", "Pay now?", True)]),
        graph_of([("Ca n't I pay ( now ) ?", "Why ?", False)]),
    )
    assert (overlap.shared_questions, overlap.pairs_with_a_shared_question) == (1, 1)
