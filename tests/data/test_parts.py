import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import NOWHERE, PairGraph, Pairs, QuestionPair
from gemel.data.split_files import describe_parts

WORD = st.sampled_from("abcdefg")
ROWS = st.lists(
    st.tuples(WORD, WORD, st.booleans(), st.sampled_from([NOWHERE, 0, 1, 2])), min_size=1
)


@given(ROWS)
def test_parts_are_described_as_counted_one_by_one(rows):
    """The oracle: sets of texts; what is in no part counts nowhere."""
    pairs = Pairs.collect(QuestionPair(left, right, same, 1) for left, right, same, _ in rows)
    part_of = np.array([part for *_, part in rows])
    described = list(describe_parts(["x", "y", "z"], pairs, PairGraph.of(pairs), part_of))
    texts = [{text for row in rows if row[3] == part for text in row[:2]} for part in range(3)]
    for number, part in enumerate(described):
        here = [row for row in rows if row[3] == number]
        others = set().union(*(texts[other] for other in range(3) if other != number))
        assert part.path == "xyz"[number]
        assert (part.pairs, part.duplicates) == (len(here), sum(row[2] for row in here))
        assert part.questions == len(texts[number])
        assert part.shared_questions == len(texts[number] & others)
