from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Pairs, QuestionPair, read_pairs
from gemel.errors import DataError

rows = st.lists(
    st.builds(
        QuestionPair, st.text(max_size=3), st.text(max_size=3), st.booleans(), st.integers(1)
    ).filter(lambda pair: pair.line < 2**62),
    max_size=8,
)


@given(rows)
def test_columns_hold_what_the_rows_held(pairs):
    columns = Pairs.collect(pairs)
    assert len(columns) == len(pairs)
    assert columns.left_texts == [pair.left for pair in pairs]
    assert columns.right_texts == [pair.right for pair in pairs]
    assert columns.labels.tolist() == [pair.is_duplicate for pair in pairs]
    assert columns.lines.tolist() == [pair.line for pair in pairs]
    expected = sum(pair.is_duplicate for pair in pairs) / max(1, len(pairs))
    assert columns.prevalence == pytest.approx(expected)


@given(rows, st.data())
def test_select_keeps_the_rows_that_are_true(pairs, data):
    mask = data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    kept = Pairs.collect(pairs).select(np.array(mask, bool))
    expected = Pairs.collect([pair for pair, true in zip(pairs, mask, strict=True) if true])
    assert (kept.left_texts, kept.right_texts) == (expected.left_texts, expected.right_texts)
    assert kept.labels.tolist() == expected.labels.tolist()
    assert kept.lines.tolist() == expected.lines.tolist()


@given(rows, st.randoms(use_true_random=False))
def test_digest_knows_no_order_and_no_lines(pairs, random):
    shuffled = [
        QuestionPair(pair.left, pair.right, pair.is_duplicate, 1)
        for pair in random.sample(pairs, len(pairs))
    ]
    assert Pairs.collect(shuffled).digest == Pairs.collect(pairs).digest


@pytest.mark.parametrize(
    "other",
    [
        [("a", "b", False), ("c", "d", False)],
        [("a", "b", True), ("c", "e", False)],
        [("a", "b", True)],
        [("a", "b", True), ("c", "d", False), ("c", "d", False)],
    ],
)
def test_digest_knows_texts_labels_and_number(other):
    def digest(triples):
        return Pairs.collect([QuestionPair(*triple, 1) for triple in triples]).digest

    assert digest([("a", "b", True), ("c", "d", False)]) != digest(other)


def test_digest_knows_no_file_format(tmp_path):
    (tmp_path / "a.csv").write_text('question1,question2,is_duplicate\n"a,",b,1\nc,d,0\n')
    (tmp_path / "a.tsv").write_text("sentence1\tsentence2\tlabel\nc\td\t0\na,\tb\t1\n")
    assert read_pairs(tmp_path / "a.csv").digest == read_pairs(tmp_path / "a.tsv").digest


def test_both_labels_are_there():
    pairs = [QuestionPair("a", "b", True, 1), QuestionPair("a", "c", False, 2)]
    Pairs.collect(pairs).require_both_labels()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [True, True],
            r"my\.csv: the 2 rows are all duplicates; both labels, 0 and 1, are needed!",
        ),
        ([False], r"my\.csv: the 1 rows are all non-duplicates; both labels"),
        ([], r"my\.csv: there are no rows; both labels"),
    ],
)
def test_one_label_only(labels, message):
    pairs = Pairs.collect([QuestionPair("a", "b", label, 1) for label in labels], Path("my.csv"))
    with pytest.raises(DataError, match=message):
        pairs.require_both_labels("rows", "!")
