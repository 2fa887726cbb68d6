import json

import numpy as np
import pytest

from gemel.folder import save_model


@pytest.fixture
def files(tmp_path, tiny_model, monkeypatch):
    save_model(tiny_model, tmp_path / "model")
    (tmp_path / "q.txt").write_text("How old are you?\nWhat is your age?\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def encode(files, run):
    def call(*options):
        return run("encode", "q.txt", "--out", "v.npy", "--model", "model", *options)

    return call


def test_a_file_of_questions_becomes_one_of_vectors(encode):
    code, out, err = encode("--precision", "float16")
    assert code == 0
    assert "v.npy: 2 vectors of" in out
    assert "v.ids.jsonl: their ids" in out
    assert "backend: " in err
    assert np.load("v.npy").dtype == np.float16


def test_json_states_what_was_written(encode):
    _, out, _ = encode("--json")
    assert json.loads(out)["vectors"] == 2


def test_another_backend_and_threads(encode):
    code, _, err = encode("--backend", "numpy", "--threads", "2")
    assert code == 0
    assert "backend: numpy (float32), asked for" in err


def test_what_stands_there_stays(encode, files):
    (files / "v.npy").write_bytes(b"mine")
    code, _, err = encode()
    assert code == 2
    assert "v.npy: exists already; add --overwrite to replace it" in err
    assert (files / "v.npy").read_bytes() == b"mine"


def test_stopped_by_hand_it_states_how_to_resume(encode, monkeypatch):
    from gemel.inference import Engine

    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "encode", stop)
    code, _, err = encode()
    assert code != 0
    assert "v.npy.partial holds what is done: type the same command with --resume" in err
