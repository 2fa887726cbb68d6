import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import PairGraph, Pairs, QuestionPair, audit_files
from gemel.data.pair_audit import audit_pairs
from gemel.errors import DataError

names = st.sampled_from(["a", "A", "b", "c one", "d", "e two three", "?!", "", "_", "7"])
row_lists = st.lists(st.tuples(names, names, st.booleans()), min_size=1, max_size=20)


def pairs_of(rows):
    return Pairs.collect(QuestionPair(*row, line) for line, row in enumerate(rows, start=2))


def audit_rows(rows):
    pairs = pairs_of(rows)
    return audit_pairs(pairs, PairGraph.of(pairs))


def slow_findings(rows):
    """Look at every pair in turn, and at all before it or around it."""
    keyed = [(frozenset((left.lower(), right.lower())), label) for left, right, label in rows]
    groups = {text.lower(): {text.lower()} for row in rows for text in row[:2]}
    for key, label in keyed:
        if label:
            merged = set.union(*(groups[text] for text in key))
            groups.update(dict.fromkeys(merged, merged))
    found = {name: [] for name in ("empty", "repeated", "both", "chain", "self", "self 0")}
    for place, (key, label) in enumerate(keyed):
        line = place + 2
        both = (key, not label) in keyed
        if key & {"", "?!", "_"}:
            found["empty"].append(line)
        if (key, label) in keyed[:place]:
            found["repeated"].append(line)
        if both:
            found["both"].append(line)
        if len(key) == 1:
            found["self"].append(line)
            if not label:
                found["self 0"].append(line)
        elif not label and not both and len({id(groups[text]) for text in key}) == 1:
            found["chain"].append(line)
    return found


@given(row_lists)
def test_findings_are_those_of_a_slow_search(rows):
    report = audit_rows(rows)
    found = {
        "empty": report.empty,
        "repeated": report.repeated,
        "both": report.contradictory,
        "chain": report.contradictory_by_chain,
        "self": report.self_pairs,
        "self 0": report.self_pairs_labelled_0,
    }
    assert {name: list(finding.lines) for name, finding in found.items()} == slow_findings(rows)
    assert all(finding.pairs == len(finding.lines) for finding in found.values())


@given(row_lists)
def test_counts_add_up(rows):
    report = audit_rows(rows)
    questions = {text.lower() for row in rows for text in row[:2]}
    same = {text.lower() for row in rows if row[2] for text in row[:2]}
    others = {text.lower() for row in rows if not row[2] for text in row[:2]}
    assert (report.pairs, report.duplicates) == (len(rows), sum(row[2] for row in rows))
    assert report.prevalence == report.duplicates / report.pairs
    assert report.questions == len(questions)
    assert report.questions_in_both_labels == len(same & others)
    assert report.questions_in_duplicates_only == len(same - others)
    assert report.questions_in_others_only == len(others - same)
    assert sum(count for _, count in report.lengths.counts) == len(questions)
    assert sum(count for _, count in report.lengths_in_duplicates.counts) == 2 * report.duplicates
    assert sum(count for _, count in report.group_sizes) == report.groups
    assert report.largest_component_questions <= report.questions
    assert report.largest_component_pairs <= report.pairs
    assert report.components <= report.questions
    read, words = zip(*report.vocabulary.growth, strict=True)
    assert read[-1] == report.questions
    assert words[-1] == report.vocabulary.words
    assert list(words) == sorted(words)


def test_a_file_of_known_make():
    """Two duplicate groups (a chain of four, a pair), tied by a 0; one pair apart."""
    rows = [
        ("one", "one two", True),
        ("one two", "one two three", True),
        ("one two three", "one two three four", True),
        ("One", "one two three four", False),
        ("other", "another", True),
        ("other", "one", False),
        ("left out", "left in?", False),
    ]
    report = audit_rows(rows)
    assert report.contradictory_by_chain.lines == (5,)
    (odd,) = report.odd_pairs
    assert odd.line == 5
    assert odd.chain.lines == (2, 3, 4)
    assert odd.chain.questions == ("one", "one two", "one two three", "one two three four")
    (chain,) = report.longest_chains
    assert chain.lines in ((2, 3, 4), (4, 3, 2))
    assert [(group.questions, group.sample) for group in report.largest_groups] == [
        (4, "one"),
        (2, "other"),
    ]
    assert (report.groups, report.group_sizes) == (2, ((2, 1), (4, 1)))
    assert (report.components, report.largest_component_questions) == (2, 6)
    assert report.largest_component_pairs == 6
    lengths = report.lengths  # 1, 2, 3, 4, 1, 1, 2, 3 words and marks
    assert (lengths.min, lengths.median, lengths.p90, lengths.p99, lengths.max) == (1, 2, 4, 4, 4)
    assert lengths.mean == pytest.approx(17 / 8)
    assert lengths.counts == ((1, 3), (2, 2), (3, 2), (4, 1))
    assert report.vocabulary.words == 10
    assert report.vocabulary.words_seen_once == 6
    assert report.vocabulary.growth[0] == (1, 1)


def test_only_so_many_are_described_but_all_lines_are_there():
    rows = [row for n in range(9) for row in ((f"a{n}", f"b{n}", True), (f"b{n}", f"c{n}", True))]
    report = audit_rows(rows + [(f"a{n}", f"c{n}", False) for n in range(9)])
    assert report.contradictory_by_chain.lines == tuple(range(20, 29))
    assert [odd.line for odd in report.odd_pairs] == [20, 21, 22, 23, 24]
    assert len(report.largest_groups) == len(report.longest_chains) == 5
    assert report.groups == 9


def test_every_file_is_measured_against_those_before_it():
    rows = [("a", "b", True), ("b", "c", False), ("x", "y", True)]
    report = audit_files(
        [
            dataclasses.replace(pairs_of([row]), path=Path(f"{number}.csv"))
            for number, row in enumerate(rows)
        ]
    )
    assert [file.data for file in report.files] == ["0.csv", "1.csv", "2.csv"]
    assert [(o.data, o.known, o.overlap.shared_questions) for o in report.overlaps] == [
        ("1.csv", "0.csv", 1),
        ("2.csv", "0.csv", 0),
        ("2.csv", "1.csv", 0),
    ]


@given(row_lists)
def test_the_report_is_json(rows):
    report = dataclasses.asdict(audit_files([pairs_of(rows)]))
    assert json.loads(json.dumps(report))["files"][0]["pairs"] == len(rows)


def test_no_pairs_are_nothing_to_audit():
    with pytest.raises(DataError, match="there are no pairs to audit"):
        audit_files([pairs_of([])])
