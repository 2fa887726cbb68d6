import collections
import csv
import gzip
import itertools
import json
import os

import pytest

from gemel.data import PairGraph, measure_overlap, read_pairs, split_file
from gemel.errors import ConfigError, DataError
from gemel.samples import HELPDESK

HEADER = "id,question1,question2,is_duplicate,note"


def rows_of(count=300):
    """Small components of three questions, with columns of no use and quotes."""
    for n in range(count):
        yield f'{2 * n},"how, {n}?",what {n}?,1,"said ""yes"""'
        yield f"{2 * n + 1},what {n}?,who {n}?,0,"


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join([HEADER, *rows_of()]) + "\n", encoding="utf-8")
    return path


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_every_row_is_in_one_part_as_it_stood(pairs, tmp_path):
    report = split_file(pairs, tmp_path / "parts")
    parts = [
        lines_of(tmp_path / "parts" / f"{name}.csv") for name in ("train", "validation", "test")
    ]
    assert [part[0] for part in parts] == [HEADER] * 3
    assert sorted(line for part in parts for line in part[1:]) == sorted(rows_of())
    assert [part.pairs for part in report.parts] == [len(part) - 1 for part in parts]
    assert [part.pairs for part in report.parts] == [480, 60, 60]
    assert {path.name for path in tmp_path.iterdir()} == {"pairs.csv", "parts"}


def test_the_report_is_what_the_files_hold(pairs, tmp_path):
    report = split_file(pairs, tmp_path / "parts", parts={"a": 0.5, "b": 0.5}, seed=3)
    assert (report.pairs, report.duplicates, report.units, report.seed) == (600, 300, 300, 3)
    graphs = []
    for part in report.parts:
        read = read_pairs(part.path)
        graphs.append(PairGraph.of(read))
        assert part.pairs == len(read)
        assert part.duplicates == read.labels.sum()
        assert part.questions == len(graphs[-1].questions)
        assert part.shared_questions == 0
        assert part.prevalence == 0.5
    assert measure_overlap(*graphs).shared_questions == 0


def test_the_order_of_the_rows_makes_no_difference(pairs, tmp_path):
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([HEADER, *reversed(list(rows_of()))]) + "\n", encoding="utf-8")
    split_file(pairs, tmp_path / "one")
    split_file(turned, tmp_path / "two")
    for name in ("train.csv", "validation.csv", "test.csv"):
        one, two = lines_of(tmp_path / "one" / name), lines_of(tmp_path / "two" / name)
        assert sorted(one) == sorted(two)


def test_each_row_is_in_one_test_and_in_the_other_trains(pairs, tmp_path):
    report = split_file(pairs, tmp_path / "parts", folds=4)
    assert [part.path for part in report.parts] == [
        str(tmp_path / "parts" / f"fold-{number}" / f"{name}.csv")
        for number in range(1, 5)
        for name in ("train", "test")
    ]
    tested = collections.Counter()
    for number in range(1, 5):
        train, test = (
            lines_of(tmp_path / "parts" / f"fold-{number}" / f"{name}.csv")[1:]
            for name in ("train", "test")
        )
        assert sorted(train + test) == sorted(rows_of())
        tested.update(test)
    assert tested == collections.Counter(rows_of())


def test_pairs_between_the_parts_of_a_cut_are_dropped_and_counted(tmp_path):
    path = tmp_path / "ring.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["question1", "question2", "is_duplicate"])
        for n in range(40):
            writer.writerow([f"a {n}", f"b {n}", 1])
            writer.writerow([f"b {n}", f"a {(n + 1) % 40}", 0])
    report = split_file(path, tmp_path / "parts", parts={"one": 0.5, "two": 0.5})
    assert report.cut_components == 1
    assert report.units == 40
    one, two = (read_pairs(part.path) for part in report.parts)
    assert not set(one.texts) & set(two.texts)
    assert [part.shared_questions for part in report.parts] == [0, 0]
    assert report.dropped_pairs == 2  # a ring that is cut once into two parts
    assert len(one) + len(two) == 78


def test_no_fold_trains_on_a_question_of_its_test(tmp_path):
    report = split_file(HELPDESK, tmp_path / "parts", folds=3)
    tested = 0
    for number in range(0, 6, 2):
        train, test = (PairGraph.of(read_pairs(part.path)) for part in report.parts[number:][:2])
        assert measure_overlap(train, test).shared_questions == 0
        tested += len(test.left)
    assert tested == report.pairs - report.dropped_pairs
    assert 0 < report.dropped_pairs < 0.4 * report.pairs


def test_copies_of_a_question_are_in_one_part(tmp_path):
    """Each question is a copy of one in another row, that no pair links it to."""
    path = tmp_path / "copies.csv"
    forms = ["How do I, {}?", "how do i,  {}", "HOW DO I, {} ?!", "how do i, {}."]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["question1", "question2", "is_duplicate"])
        for n in range(80):
            for one, other in itertools.product(range(2), range(2, 4)):
                label = int(one + 2 == other)
                far = (n + label - 1) % 80  # ties all components into one
                writer.writerow([forms[one].format(n), forms[other].format(far) + "x" * n, label])
    for settings in ({"parts": {"a": 0.5, "b": 0.5}}, {"folds": 2}):
        report = split_file(path, tmp_path / next(iter(settings)), **settings)
        for one, other in zip(report.parts[::2], report.parts[1::2], strict=True):
            keys = [
                {"".join(filter(str.isalnum, text)).lower() for text in read_pairs(part.path).texts}
                for part in (one, other)
            ]
            assert not keys[0] & keys[1]
            assert (one.shared_questions, other.shared_questions) == (0, 0)


def test_the_two_pairs_of_a_row_go_together(tmp_path):
    """A triplet whose negative is in another part is dropped as a whole."""
    path = tmp_path / "triplets.jsonl"
    rows = [
        {"anchor": f"a {n}", "positive": f"p {n}", "negative": f"a {(n * 7 + 3) % 60}", "n": n}
        for n in range(60)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = split_file(path, tmp_path / "parts", parts={"train": 0.6, "test": 0.4})
    written = [
        json.loads(line)
        for part in report.parts
        for line in (tmp_path / "parts" / part.path).read_text().splitlines()
    ]
    assert all(row in rows for row in written)
    assert len(written) == 60 - report.dropped_pairs // 2
    assert sum(part.pairs for part in report.parts) == report.pairs - report.dropped_pairs
    assert report.pairs == 120
    assert [part.pairs % 2 for part in report.parts] == [0, 0]
    assert report.dropped_pairs > 0
    texts = [set(read_pairs(part.path).texts) for part in report.parts]
    assert not texts[0] & texts[1]


def test_parts_are_packed_as_the_file_is(pairs, tmp_path):
    packed = tmp_path / "pairs.csv.gz"
    packed.write_bytes(gzip.compress(pairs.read_bytes()))
    split_file(pairs, tmp_path / "plain")
    split_file(packed, tmp_path / "packed")
    for name in ("train", "validation", "test"):
        content = gzip.decompress((tmp_path / "packed" / f"{name}.csv.gz").read_bytes())
        assert content == (tmp_path / "plain" / f"{name}.csv").read_bytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"parts": {"a": 0.5, "b": 0.4}}, "the shares of a, b are 0.9 in sum; they must be 1"),
        ({"parts": {"a": 1.5, "b": -0.5}}, "the share of a must be above 0 and at most 1, not 1.5"),
        ({"parts": {"a": 1.0, "b": 0.0}}, "the share of b must be above 0"),
        ({"parts": {"a": float("nan")}}, "not nan"),
        ({"parts": {}}, "they must be 1"),
        ({"parts": {"../a": 1.0}}, "a part cannot be named '../a'"),
        ({"folds": 1}, "the number of folds must be a whole number from 2 to 1,000, not 1"),
        ({"folds": 2, "parts": {"a": 1.0}}, "parts or folds, not both"),
        ({"seed": -1}, "the seed must be a whole number from 0"),
    ],
)
def test_settings_without_meaning(settings, message, pairs, tmp_path):
    with pytest.raises(ConfigError, match=message):
        split_file(pairs, tmp_path / "parts", **settings)
    assert not (tmp_path / "parts").exists()


def test_too_few_components_for_the_parts(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("question1,question2,is_duplicate\na,b,1\nb,c,1\nd,e,0\n")
    with pytest.raises(
        DataError, match=r"few.csv: its 3 pairs hang together in 2 comp.*for 3 parts"
    ):
        split_file(path, tmp_path / "parts", folds=3)
    assert not (tmp_path / "parts").exists()


def test_what_stands_there_stays(pairs, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="parts: holds something already; name a new folder"):
        split_file(pairs, tmp_path / "parts")
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_filled_unless_one_stands_in_it(pairs, tmp_path, monkeypatch):
    (tmp_path / "parts").mkdir()
    split_file(pairs, tmp_path / "parts")
    assert (tmp_path / "parts" / "train.csv").exists()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(DataError, match="is the current folder"):
        split_file(pairs, ".")


def test_a_broken_file_leaves_nothing(pairs, tmp_path):
    with pairs.open("a") as stream:
        stream.write("1,2\n")
    with pytest.raises(DataError, match=r":602: has 2 columns"):
        split_file(pairs, tmp_path / "parts")
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv"]


def test_a_pipe_is_refused_before_it_is_read(tmp_path):
    os.mkfifo(tmp_path / "pairs.csv")
    with pytest.raises(DataError, match="is a pipe, and a split reads its rows twice; save them"):
        split_file(tmp_path / "pairs.csv", tmp_path / "parts")
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv"]


def test_parquet_in_parquet_out(pairs, tmp_path):
    arrow_csv, parquet = pytest.importorskip("pyarrow.csv"), pytest.importorskip("pyarrow.parquet")
    table = arrow_csv.read_csv(pairs)
    parquet.write_table(table, tmp_path / "pairs.parquet")
    split_file(pairs, tmp_path / "text")
    split_file(tmp_path / "pairs.parquet", tmp_path / "columns")
    for name in ("train", "validation", "test"):
        part = parquet.read_table(tmp_path / "columns" / f"{name}.parquet")
        assert part.equals(arrow_csv.read_csv(tmp_path / "text" / f"{name}.csv"))
