import dataclasses
import gzip
import json
import random
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from gemel import DataError, Engine, QuestionColumns
from gemel.data import BadRows
from gemel.folder import save_model
from gemel.inference import encode_file, ids_file, vector_files
from gemel.inference.vector_files import Spool

TEXTS = [f"How old is {word} {n}?" for n, word in enumerate(["he", "she", "it", "xyzzy"] * 6)]


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model, backend="float32")


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.csv"
    rows = (f"n{number},{text}\n" for number, text in enumerate(TEXTS))
    path.write_text("id,question\n" + "".join(rows), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def some_at_a_time(monkeypatch):
    monkeypatch.setattr(vector_files, "_QUESTIONS", 5)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
def test_vectors_and_ids_in_order(engine, questions, tmp_path, precision, name):
    out = tmp_path / name
    done = encode_file(engine, questions, out, precision=precision, threads=2)
    assert (done.vectors, done.precision, done.path) == (len(TEXTS), precision, out)
    if name == "v.npy":
        found = np.load(out)
        assert done.ids == ids_file(out)
        ids = [json.loads(line) for line in ids_file(out).read_text().splitlines()]
    else:
        table = pq.read_table(out)
        found = np.stack(table["vector"].combine_chunks().to_numpy(zero_copy_only=False))
        ids = table["id"].to_pylist()
        assert table.schema.metadata[b"gemel.model"].decode() == engine.model.fingerprint
        assert done.ids is None
    assert found.dtype == precision
    assert found.shape == (len(TEXTS), done.dim)
    expected = engine.encode(TEXTS, precision=precision)
    np.testing.assert_allclose(found.astype(float), expected.astype(float), atol=1e-3)
    assert ids == [f"n{number}" for number in range(len(TEXTS))]
    assert not out.with_name(f"{name}.partial").exists()


class PowerCut(Exception):  # noqa: N818
    pass


@pytest.fixture
def stopped(engine, questions, tmp_path):
    """An encoding that stopped behind ten questions."""

    def stop(stage, done, total):
        if done == 10:
            raise PowerCut

    with pytest.raises(PowerCut):
        encode_file(engine, questions, tmp_path / "v.npy", progress=stop)
    return tmp_path / "v.npy"


def test_it_resumes_where_it_stopped(engine, questions, stopped, tmp_path):
    encode_file(engine, questions, tmp_path / "whole.npy")
    seen = []
    encode_file(
        engine, questions, stopped, resume=True, progress=lambda *done: seen.append(done[1])
    )
    assert seen[0] == 15
    assert stopped.read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert ids_file(stopped).read_bytes() == ids_file(tmp_path / "whole.npy").read_bytes()


def test_half_a_batch_behind_the_last_whole_one_does_not_count(
    engine, questions, stopped, tmp_path
):
    encode_file(engine, questions, tmp_path / "whole.npy")
    for name in ("vectors", "ids"):
        with (tmp_path / "v.npy.partial" / name).open("ab") as stream:
            stream.write(b"half")
    encode_file(engine, questions, stopped, resume=True)
    assert stopped.read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_what_was_stopped_is_neither_lost_nor_mixed_up(engine, questions, stopped):
    with pytest.raises(DataError, match="partial: holds vectors of an encoding that was stopped"):
        encode_file(engine, questions, stopped)
    other = Engine(engine.model, backend="numpy")
    other.backend = dataclasses.replace(other.backend, name="tiles")
    with pytest.raises(DataError, match="the backend's precision was 'float32', is 'bfloat16'"):
        encode_file(other, questions, stopped, resume=True)
    with pytest.raises(DataError, match="precision was 'float32', is 'int8'"):
        encode_file(engine, questions, stopped, precision="int8", resume=True)
    questions.write_text(questions.read_text() + "n99,what else?\n")
    with pytest.raises(DataError, match="the size of the questions' file was"):
        encode_file(engine, questions, stopped, resume=True)
    encode_file(engine, questions, stopped, overwrite=True)
    assert len(np.load(stopped)) == len(TEXTS) + 1


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("vectors", b"", "damaged: vectors is cut short"),
        ("ids", b"", "damaged: ids is cut short"),
        ("state.json", b"{}", "no encoding that was stopped, or damaged"),
        ("state.json", b"", "no encoding that was stopped, or damaged"),
    ],
)
def test_a_damaged_beginning_is_reported(
    engine, questions, stopped, tmp_path, file, content, problem
):
    (tmp_path / "v.npy.partial" / file).write_bytes(content)
    with pytest.raises(DataError, match=problem):
        encode_file(engine, questions, stopped, resume=True)


def test_bad_rows_and_blank_questions(engine, tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text('{"text": "one?"}\n{"text": " "}\n{"text": 3}\n{"text": "two?"}\n')
    with pytest.raises(DataError, match=r"q.jsonl:2: the question has no word or mark, only ' '"):
        encode_file(engine, path, tmp_path / "v.npy")
    bad_rows = BadRows(2, tmp_path / "bad.jsonl")
    done = encode_file(engine, path, tmp_path / "v.npy", skip_bad=bad_rows, overwrite=True)
    assert (done.vectors, bad_rows.count) == (2, 2)
    assert ids_file(tmp_path / "v.npy").read_text() == '"1"\n"4"\n'


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("v.txt", "of no known kind; expected a name ending in .npy or .parquet"),
        ("there.npy", "exists already; add --overwrite"),
        ("ids.npy", "ids.ids.jsonl: exists already; add --overwrite"),
        ("folder.npy", "is a folder"),
    ],
)
def test_places_where_it_may_not_write(engine, questions, tmp_path, name, problem):
    (tmp_path / "there.npy").touch()
    (tmp_path / "ids.ids.jsonl").touch()
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(DataError, match=problem):
        encode_file(engine, questions, tmp_path / name)


def test_no_questions_and_its_own_source(engine, tmp_path):
    (tmp_path / "none.csv").write_text("question\n")
    with pytest.raises(DataError, match="has no questions"):
        encode_file(engine, tmp_path / "none.csv", tmp_path / "v.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["none.csv"]


def test_a_packed_file_with_columns_of_its_own(engine, tmp_path):
    with gzip.open(tmp_path / "q.tsv.gz", "wt", encoding="utf-8") as stream:
        stream.write("Nr\tFrage\n7\tWie alt?\n")
    columns = QuestionColumns(question="Frage", id="Nr")
    encode_file(engine, tmp_path / "q.tsv.gz", tmp_path / "v.npy", columns=columns)
    assert ids_file(tmp_path / "v.npy").read_text() == '"7"\n'


def test_killed_in_the_middle_it_ends_with_the_same_bytes(tiny_model, tmp_path):
    """Real SIGKILLs at random moments, until it is through."""
    save_model(tiny_model, tmp_path / "model")
    (tmp_path / "q.txt").write_text("".join(f"{text}\n" for text in TEXTS * 400))
    code = "import sys; from gemel.inference import *; from gemel.inference import vector_files\n"
    code += "vector_files._QUESTIONS = 50\n"
    code += "encode_file(Engine.load('model'), 'q.txt', sys.argv[1], resume=True)"
    moment, rows = random.Random(0), 0
    state = tmp_path / "cut.npy.partial" / "state.json"
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", code, "cut.npy"], cwd=tmp_path)
        while process.poll() is None and rows_in(state) <= rows:
            time.sleep(0.001)
        time.sleep(moment.uniform(0, 0.02))
        process.kill()
        if process.wait() == 0:  # it was quicker
            break
        assert rows_in(state) > rows
        rows = rows_in(state)
    for name in ("cut.npy", "whole.npy"):
        subprocess.run([sys.executable, "-c", code, name], cwd=tmp_path, check=True)
    assert (tmp_path / "cut.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert not state.exists()


def rows_in(state):
    return json.loads(state.read_bytes())["rows"] if state.exists() else 0


def test_a_full_disk_leaves_what_was_done(engine, questions, tmp_path, monkeypatch):
    def full(self, vectors, ids):
        if self.rows == 10:
            raise OSError(28, "No space left on device")
        return add(self, vectors, ids)

    add = Spool.add
    monkeypatch.setattr(Spool, "add", full)
    with pytest.raises(OSError, match="No space left"):
        encode_file(engine, questions, tmp_path / "v.npy")
    monkeypatch.setattr(Spool, "add", add)
    assert encode_file(engine, questions, tmp_path / "v.npy", resume=True).vectors == len(TEXTS)
