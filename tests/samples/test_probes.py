"""What gemel/samples/README.md gives of the probes is so."""

import collections
import csv
import re

import pytest

from gemel.data import read_pairs
from gemel.samples import HELPDESK, PROBES
from gemel.text import clean

KINDS = ["number", "name", "place", "order", "negation", "comparison"]

_SIDES = ("question1", "question2")


@pytest.fixture(scope="module")
def rows():
    with PROBES.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_two_hundred_pairs_of_details_and_two_hundred_of_relations(rows):
    counts = collections.Counter(row["kind"] for row in rows)
    assert list(counts) == KINDS
    assert sum(counts[kind] for kind in KINDS[:3]) == 200
    assert sum(counts[kind] for kind in KINDS[3:]) == 200
    labels = collections.Counter((row["kind"], row["is_duplicate"]) for row in rows)
    assert {labels[kind, "0"] for kind in KINDS} == {50}
    assert {labels[kind, "1"] for kind in KINDS} == {16, 17}


def test_no_question_is_there_twice_nor_in_the_help_desk(rows):
    questions = {clean(row[side]).rstrip(" ?") for row in rows for side in _SIDES}
    assert len(questions) == 800
    assert not questions & {clean(text).rstrip(" ?") for text in read_pairs(HELPDESK).texts}


def test_questions_are_of_a_length_that_people_type_and_take_no_quoting(rows):
    for row in rows:
        for text in (row["question1"], row["question2"]):
            assert 4 <= len(text.split()) <= 20
            assert text == text.strip()
            assert text.isascii()
            assert '"' not in text


def test_numbers_change_where_they_are_what_a_pair_turns_on_and_nowhere_else(rows):
    for row in rows:
        left, right = (sorted(re.findall(r"\d+", row[side])) for side in _SIDES)
        if row["kind"] != "number":
            assert left == right
        elif row["is_duplicate"] == "0" and left + right:
            assert left != right


def test_pairs_that_are_not_the_same_share_half_of_their_words_at_least(rows):
    """None of them can be solved by a change of topic."""
    for row in rows:
        if row["is_duplicate"] == "0":
            left, right = (set(clean(row[side]).rstrip("?").split()) for side in _SIDES)
            assert len(left & right) * 2 >= min(len(left), len(right))
