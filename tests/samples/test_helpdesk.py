"""What gemel/samples/README.md gives of the sample is so."""

import collections
import csv

import pytest

from gemel.data import audit_files, read_pairs
from gemel.samples import HELPDESK, HELPDESK_SPLIT
from gemel.text import clean


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.fixture(scope="module")
def rows():
    return rows_of(HELPDESK)


@pytest.fixture(scope="module")
def part_of():
    return {row["group"]: row["part"] for row in rows_of(HELPDESK_SPLIT)}


@pytest.fixture(scope="module")
def groups(rows):
    """The different questions of each group; spaces and case make none."""
    found = collections.defaultdict(set)
    for row in rows:
        for side in "12":
            found[row[f"group{side}"]].add(clean(row[f"question{side}"]).replace(" ", ""))
    return dict(found)


def sides(row):
    return row["group1"], row["group2"]


def test_a_question_has_one_group_and_a_group_two_to_six_wordings(groups):
    assert len(groups) == 218
    assert {len(group) for group in groups.values()} == {3, 4, 5, 6}
    assert len(set().union(*groups.values())) == sum(map(len, groups.values())) == 754


def test_the_kinds_are_what_label_and_groups_say(rows, groups):
    kinds = collections.Counter(row["kind"] for row in rows)
    assert kinds == {"duplicate": 978, "near-miss": 478, "unrelated": 1500}
    for row in rows:
        same = row["group1"] == row["group2"]
        assert (row["kind"] == "duplicate") == (row["is_duplicate"] == "1") == same
    wordings = map(len, groups.values())
    assert kinds["duplicate"] == sum(count * (count - 1) // 2 for count in wordings)
    linked = {frozenset(sides(row)) for row in rows if row["kind"] == "near-miss"}
    assert not any(frozenset(sides(row)) in linked for row in rows if row["kind"] == "unrelated")


def test_no_pair_is_there_twice_in_either_order(rows):
    pairs = {
        frozenset(clean(row[f"question{side}"]).replace(" ", "") for side in "12") for row in rows
    }
    assert len(pairs) == len(rows)
    assert {len(pair) for pair in pairs} == {2}


def test_the_audit_finds_every_group():
    (file,) = audit_files([read_pairs(HELPDESK)]).files
    assert file.groups == 218


def test_the_split_names_each_group_once(part_of, groups):
    listed = [row["group"] for row in rows_of(HELPDESK_SPLIT)]
    assert listed == sorted(groups)
    assert set(part_of.values()) == {"train", "held-out"}
    held_out = list(part_of.values()).count("held-out")
    assert 0.22 <= held_out / len(groups) <= 0.25


def test_only_a_few_near_misses_are_between_the_parts(rows, part_of):
    between = [row for row in rows if len({part_of[group] for group in sides(row)}) == 2]
    assert {row["kind"] for row in between} == {"near-miss"}
    assert len(between) == 25


def test_the_parts_are_alike(rows, part_of):
    kinds = {"train": collections.Counter(), "held-out": collections.Counter()}
    for row in rows:
        parts = {part_of[group] for group in sides(row)}
        if len(parts) == 1:
            kinds[parts.pop()][row["kind"]] += 1
    train, held_out = kinds["train"], kinds["held-out"]
    assert held_out["near-miss"] >= 90
    for kind in ("duplicate", "near-miss", "unrelated"):
        assert held_out[kind] / held_out.total() == pytest.approx(
            train[kind] / train.total(), abs=0.02
        )
