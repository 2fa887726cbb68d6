import contextlib
import resource
from pathlib import Path

import pytest

from gemel.data import Columns, PairGraph, measure_overlap, read_pairs, write_sample
from gemel.errors import DataError
from gemel.samples import HELPDESK


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample") / "helpdesk")


def lines_of(path):
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return stream.readlines()


def test_rows_are_copied_unchanged_and_only_near_misses_left_out(report):
    header, *rows = lines_of(HELPDESK)
    train, held_out = (lines_of(part.path) for part in report.parts)
    assert train[0] == held_out[0] == header
    assert set(train[1:]).isdisjoint(held_out[1:])
    for part in (train, held_out):
        members = set(part)
        assert [row for row in rows if row in members] == part[1:]
    left_out = set(rows).difference(train, held_out)
    assert len(left_out) == report.near_misses_between
    fields = [row.rstrip("\n").split("\t") for row in left_out]
    assert {(label, kind) for _, _, label, _, _, kind in fields} == {("0", "near-miss")}


def test_no_question_and_no_group_is_in_both(report):
    names = Columns(left="group1", right="group2", label="is_duplicate")
    for columns in (None, names):
        train, held_out = (PairGraph.of(read_pairs(part.path, columns)) for part in report.parts)
        assert measure_overlap(train, held_out).shared_questions == 0


def test_the_questions_are_those_of_all_pairs_each_once(report):
    pairs = read_pairs(HELPDESK)
    lines = [line.rstrip("\n") for line in lines_of(report.questions)]
    assert len(lines) == len(set(lines))
    assert set(lines) == {*pairs.left_texts, *pairs.right_texts}


def test_the_report_is_what_the_files_hold(report):
    whole = read_pairs(HELPDESK)
    assert (report.pairs, report.duplicates) == (len(whole), whole.labels.sum())
    for part in report.parts:
        pairs, lines = read_pairs(part.path), lines_of(part.path)
        graph = PairGraph.of(pairs)
        assert part.pairs == len(pairs) == len(lines) - 1
        assert part.duplicates == pairs.labels.sum()
        assert 0 < part.duplicates < part.pairs
        assert part.questions == len(graph.questions)
        assert part.groups == len(set(graph.groups.tolist()))
        assert part.near_misses == sum(line.endswith("\tnear-miss\n") for line in lines)
        assert part.shared_questions == 0
    assert report.near_misses == report.near_misses_between + sum(
        part.near_misses for part in report.parts
    )
    assert report.pairs == report.near_misses_between + sum(part.pairs for part in report.parts)


def test_what_stands_there_stays(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="holds something already; name a new folder"):
        write_sample(tmp_path)
    with pytest.raises(NotADirectoryError):
        write_sample(tmp_path / "thesis.txt" / "here")
    with pytest.raises(NotADirectoryError):
        write_sample(tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@contextlib.contextmanager
def files_no_larger_than(size):
    """As on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_it_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(OSError, match="File too large"), files_no_larger_than(50_000):
        write_sample(tmp_path / "helpdesk")
    assert not list(tmp_path.iterdir())
