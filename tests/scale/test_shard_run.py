import dataclasses
import json
import pickle
import random

import numpy as np
import pytest

import gemel
from gemel import ConfigError, DataError
from gemel.config import ShardOptions
from gemel.data import Source
from gemel.duplicates import write_groups
from gemel.inference import Engine
from gemel.neighbours import cells
from gemel.samples import HELPDESK
from gemel.scale import choose_workers
from gemel.scale.executor import compute, unpack
from gemel.scale.shard_run import dedupe_in_shards

MARKS = ["???", "?!", "zzz", "zzz ", "a 😀 character?", "q" * 300]


class Here:
    """Runs tasks in this process, in random order."""

    count = 1

    def __init__(self, seed=0, stop_at=None):
        self.random, self.stop_at, self.done = random.Random(seed), stop_at, []

    def run(self, task, numbers, *, stage=""):
        numbers, packed = list(numbers), pickle.dumps(task)
        self.random.shuffle(numbers)
        for number in numbers:
            if self.stop_at == len(self.done):
                raise KeyboardInterrupt
            self.done.append((stage, number))
            yield unpack(compute(packed, number))

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, kind, error, where):
        self.close()


@pytest.fixture(scope="module")
def questions():
    """Some questions of the sample, with copies and rows that hold next to nothing."""
    pairs = [line.split("\t") for line in HELPDESK.read_text().splitlines()[1:]]
    found = sorted({text for pair in pairs for text in pair if text.endswith("?")})[:300]
    some = [*found, *found[::7], *(text.upper() for text in found[::11]), *MARKS]
    some += [f"\u201c{text[:-1]}\u201d !" for text in found[::13]]
    random.Random(5).shuffle(some)
    return some


@pytest.fixture(scope="module")
def engines(tiny_model):
    """A model that knows questions by their vectors alone, and one that reads their letters too."""
    plain = gemel.load("quora-en", backend="float32")
    random = np.random.default_rng(5)
    letters = Engine(
        dataclasses.replace(
            plain.model,
            config=plain.model.config.replace(["text.spelling_buckets=64"]),
            weights=plain.model.weights
            | {
                "spelling.idf": random.uniform(1, 3, 64).astype(np.float32),
                "spelling.share": np.array([0.3], np.float32),
            },
        ),
        backend="float32",
    )
    assert letters.reads_letters
    assert not plain.reads_letters
    return {"letters": letters, "plain": plain, "tiny": Engine(tiny_model, backend="float32")}


@pytest.fixture(params=["letters", pytest.param("plain", marks=pytest.mark.slow)])
def engine(request, engines):
    return engines[request.param]


def write(path, questions, named):
    lines = [
        json.dumps({"question": text} | ({"id": f"q{len(questions) - place}"} if named else {}))
        for place, text in enumerate(questions)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def file(tmp_path, questions):
    return write(tmp_path / "q.jsonl", questions, named=True)


def shard(engine, file, work, workers=None, **options):
    here = workers or Here()
    return dedupe_in_shards(
        engine, Source.of(file), work, lambda _: here, **{"shard_size": 110} | options
    )


def written(found, folder):
    folder.mkdir(exist_ok=True)
    for kind in ("csv", "jsonl"):
        write_groups(found, folder / f"g.{kind}")
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def bytes_of(work):
    return {file.name: file.read_bytes() for file in (work / "groups").iterdir()}


def require_same(found, expected):
    names = ("questions", "exact", "judged", "grouped", "floor", "probability", "linkage")
    for name in (*names, "templates", "left_out"):
        assert getattr(found, name) == getattr(expected, name), name
    assert len(found) == len(expected)
    for group, other in zip(found.groups, expected.groups, strict=True):
        assert group.component == other.component
        assert [(one.id, one.text) for one in group.members] == [
            (one.id, one.text) for one in other.members
        ]
        likely = [one.probability for one in group.members]
        assert likely == pytest.approx([one.probability for one in other.members], abs=1e-4)
    for scores, others in zip(found.scores(), expected.scores(), strict=True):
        assert [score[:2] for score in scores] == [score[:2] for score in others]
        for score, other in zip(scores, others, strict=True):
            assert score[2:] == pytest.approx(other[2:], abs=1e-4)


@pytest.mark.parametrize(
    ("size", "linkage"),
    [
        (60, "average"),
        (1000, "connected"),
        pytest.param(60, "connected", marks=pytest.mark.slow),
        pytest.param(1000, "average", marks=pytest.mark.slow),
    ],
)
def test_groups_are_those_of_one_machine(engine, file, tmp_path, size, linkage):
    cut = {"floor": 0.6, "probability": 0.4, "linkage": linkage}
    expected = gemel.dedupe(file, engine, **cut)
    found = shard(engine, file, tmp_path / "work", shard_size=size, **cut)
    assert len(expected) > 20
    require_same(found, expected)
    assert found.stages["read"].shards == -(-found.questions // size)


def test_templates_are_those_of_one_machine(engine, questions, tmp_path):
    numbered = [f"Where is my order {n % 150}?" for n in range(160)]
    numbered += [f"Why was bill AB-{n} sent in {n % 7 + 2010}?" for n in range(120)]
    numbered += [f"Is it {n}?" for n in range(30)]  # too few to be a template
    mixed = [*questions, *numbered, "Where is my order?"]
    random.Random(9).shuffle(mixed)
    file = write(tmp_path / "mixed.jsonl", mixed, named=True)
    cut = {"floor": 0.6, "probability": 0.4}
    expected = gemel.dedupe(file, engine, **cut)
    assert [count for _, count in expected.templates] == [150, 120]
    found = shard(engine, file, tmp_path / "work", shard_size=90, **cut)
    require_same(found, expected)


def test_ids_that_are_not_given_are_lines(engines, questions, tmp_path):
    file = write(tmp_path / "q.jsonl", questions, named=False)
    expected = gemel.dedupe(file, engines["letters"])
    require_same(shard(engines["letters"], file, tmp_path / "work"), expected)


def test_cells_and_buckets_find_the_same_pairs(engines, file, tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "_EXACT", 100)
    expected = gemel.dedupe(file, engines["letters"], floor=0.9)
    found = shard(engines["letters"], file, tmp_path / "work", floor=0.9)
    assert found.stages["cells"].counts["cells"] > 10
    assert found.stages["cells"].counts["buckets"] > 2
    require_same(found, expected)


def test_the_order_in_which_tasks_end_makes_no_difference(engine, file, tmp_path):
    results = []
    for seed in (1, 2):
        work = tmp_path / f"work{seed}"
        found = shard(engine, file, work, Here(seed))
        results.append((bytes_of(work), written(found, tmp_path / f"out{seed}")))
    assert results[0] == results[1]


def test_local_processes_give_the_same_bytes(engines, file, tmp_path, whole):
    with choose_workers(ShardOptions(engine="local", processes=2)) as workers:
        shard(engines["plain"], file, tmp_path / "there", workers)
    assert bytes_of(tmp_path / "there") == whole[1]


def test_what_is_done_is_not_done_again(engine, file, tmp_path):
    first = written(shard(engine, file, tmp_path / "work"), tmp_path / "out")
    again = Here()
    assert written(shard(engine, file, tmp_path / "work", again), tmp_path / "out") == first
    assert again.done == []


@pytest.fixture(scope="module")
def whole(engines, questions, tmp_path_factory):
    """Tasks and group files of a run that nothing stopped."""
    folder, here = tmp_path_factory.mktemp("whole"), Here()
    shard(engines["plain"], write(folder / "q.jsonl", questions, named=True), folder / "w", here)
    return here.done, bytes_of(folder / "w")


@pytest.mark.parametrize(
    "stop_at", [9, 24, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 17, 28))]
)
def test_a_run_that_was_stopped_is_resumed(engines, file, tmp_path, whole, stop_at):
    engine, work = engines["plain"], tmp_path / "work"
    stopped, rest = Here(stop_at=stop_at), Here()
    done, groups = whole
    assert len(done) > stop_at
    with pytest.raises(KeyboardInterrupt):
        shard(engine, file, work, stopped)
    shard(engine, file, work, rest)
    assert sorted(stopped.done + rest.done) == sorted(done)
    assert bytes_of(work) == groups


@pytest.mark.parametrize("damage", ["gone", "cut off"])
def test_a_damaged_shard_of_a_stage_that_is_under_way_is_made_again(
    engines, file, tmp_path, whole, damage
):
    engine, work = engines["plain"], tmp_path / "work"
    stopped, rest = Here(stop_at=3), Here()
    with pytest.raises(KeyboardInterrupt):
        shard(engine, file, work, stopped)
    victim = sorted((work / "clean").iterdir())[0]
    if damage == "gone":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:-5])
    shard(engine, file, work, rest)
    assert ("clean", int(victim.stem)) in rest.done
    assert bytes_of(work) == whole[1]


@pytest.mark.parametrize("cut", [{"probability": 0.9}, {"linkage": "connected"}])
def test_another_cut_begins_behind_the_pairs(engine, file, tmp_path, cut):
    work, again = tmp_path / "work", Here()
    shard(engine, file, work)
    times = {file: file.stat().st_mtime_ns for file in (work / "verdicts").iterdir()}
    found = shard(engine, file, work, again, **cut)
    assert {file: file.stat().st_mtime_ns for file in (work / "verdicts").iterdir()} == times
    assert {stage for stage, _ in again.done} == {"chains", "members", "groups"}
    require_same(found, gemel.dedupe(file, engine, **cut))
    shard(engine, file, tmp_path / "fresh", **cut)
    assert bytes_of(work) == bytes_of(tmp_path / "fresh")


def test_a_cut_that_was_stopped_while_it_began_anew_is_no_trap(
    engines, file, tmp_path, monkeypatch
):
    """Stopped between the removal of old groups and the word of it in the manifest."""
    engine, work = engines["plain"], tmp_path / "work"
    before = written(shard(engine, file, work), tmp_path / "out")
    removed = []

    def stop(path, **_):
        for each in path.iterdir() if path.exists() else []:
            each.unlink()
        removed.append(path.name)
        if path.name == "groups":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("gemel.scale.shard_run.shutil.rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            shard(engine, file, work, probability=0.9)
    assert "groups" in removed
    assert written(shard(engine, file, work), tmp_path / "out") == before


@pytest.mark.parametrize(
    ("options", "differs"), [({"floor": 0.9}, "0.7, now 0.9"), ({"shard_size": 50}, "110, now 50")]
)
def test_another_run_is_refused(engines, file, tmp_path, options, differs):
    shard(engines["plain"], file, tmp_path / "work")
    with pytest.raises(ConfigError, match=f"another {next(iter(options))}: {differs}"):
        shard(engines["plain"], file, tmp_path / "work", **options)


def test_another_file_or_model_is_refused(engines, file, tmp_path):
    shard(engines["plain"], file, tmp_path / "work")
    with pytest.raises(ConfigError, match="another model"):
        shard(engines["tiny"], file, tmp_path / "work")
    with file.open("a") as stream:
        stream.write('{"question": "One more?", "id": "more"}\n')
    with pytest.raises(ConfigError, match="another sha256"):
        shard(engines["plain"], file, tmp_path / "work")


def test_a_folder_of_something_else_is_left_alone(engines, file, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("words")
    with pytest.raises(DataError, match="something else"):
        shard(engines["plain"], file, tmp_path / "other")
    with pytest.raises(DataError, match="something else"):
        shard(engines["plain"], file, file)
    assert [each.name for each in (tmp_path / "other").iterdir()] == ["thesis.txt"]


def test_files_that_are_no_use(engines, tmp_path):
    def refused(name, content, error, match):
        file = tmp_path / name
        if content is not None:
            file.write_text(content)
        with pytest.raises(error, match=match):
            shard(engines["plain"], file, tmp_path / f"{name}.work", shard_size=2)

    refused("empty.txt", "", DataError, "empty|no questions")
    refused("missing.txt", None, (DataError, FileNotFoundError), "missing.txt")
    lines = "id,question\n1,one?\n2,two?\n3,three?\n2,four?\n1,five?\n"
    refused("twice.csv", lines, DataError, r"twice.csv:\d: has the id '[12]', as line [23] has")
    with pytest.raises(ConfigError, match="must be a whole number from 1 to 100,000,000, not 0"):
        shard(engines["plain"], tmp_path / "twice.csv", tmp_path / "w", shard_size=0)


def test_one_question_is_in_no_group(engine, tmp_path):
    (tmp_path / "one.txt").write_text("How old are you?\n")
    found = shard(engine, tmp_path / "one.txt", tmp_path / "work")
    assert (found.questions, len(found), found.grouped, list(found.groups)) == (1, 0, 0, [])


@pytest.mark.parametrize("broken", ["", "1,How old are you?\n1,What is your age?\n"])
def test_a_file_that_could_not_be_read_may_be_mended(engine, tmp_path, broken):
    file = tmp_path / "q.csv"
    file.write_text(f"id,question\n{broken}")
    with pytest.raises(DataError):
        shard(engine, file, tmp_path / "work")
    file.write_text("id,question\n1,How old are you?\n2,What is your age?\n")
    assert shard(engine, file, tmp_path / "work").questions == 2
