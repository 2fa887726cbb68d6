import dataclasses
import sys
from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gemel.config import Config, DecisionConfig
from gemel.decision import Decision
from gemel.errors import ConfigError, GemelError, MissingExtraError
from gemel.exchange.frozen_model import freeze, unknown_words
from gemel.exchange.onnx_file import (
    INT8_FILE,
    ONNX_FILE,
    OnnxAnswers,
    gemel_vectors,
    in_bytes,
    make_onnx,
    write_onnx,
)
from gemel.folder import Model
from gemel.folder.model_folder import weight_shapes
from gemel.inference import Engine
from gemel.text import Rules, Tokenizer

TEXTS = [
    "How old are you?",
    "What is your age?",
    "How do I reset my password, now that I have lost it, and my telephone too?",
    "sky",
]
KINDS = [(pooling, both) for pooling in ("mean", "max") for both in (False, True)]
"""Poolings, and whether the network reads both ways."""


@cache
def model_of(pooling, both):
    """A model with random weights, as of a training that went on for long."""
    tokenizer = Tokenizer(rules=Rules(ngram_buckets=13)).learn(TEXTS[:3])
    config = Config().replace(
        [
            "network.d_model=6",
            "network.n_units=5",
            f"network.pooling={pooling}",
            f"network.bidirectional={str(both).lower()}",
            "text.ngram_buckets=13",
            "text.min_count=1",
        ]
    )
    random = np.random.default_rng(3)
    shapes = weight_shapes(config, len(tokenizer.vocabulary), 13)
    return Model(
        config=config,
        tokenizer=tokenizer,
        weights={name: random.normal(size=s).astype(np.float32) for name, s in shapes.items()},
        decision=Decision(
            threshold=0.5,
            lower=0.5,
            upper=0.5,
            slope=8.0,
            intercept=-4.0,
            settings=DecisionConfig(),
            pairs=4,
            prevalence=0.5,
            data="0" * 64,
        ),
        training={"data": "a digest"},
    )


@cache
def exported(pooling, both, int8=False):
    frozen = freeze(model_of(pooling, both))
    return frozen, OnnxAnswers(make_onnx(frozen, int8=int8).SerializeToString())


QUESTIONS = st.lists(st.lists(st.integers(0, 12), max_size=9), max_size=6)
"""Batches of any size, of questions of any length, with words and without."""


@pytest.mark.parametrize(("pooling", "both"), KINDS)
def test_texts_have_the_vectors_that_gemel_gives_them(pooling, both):
    model = model_of(pooling, both)
    texts = [*TEXTS, "Why do unheard-of words have vectors?", "old old old"]
    frozen = freeze(model, unknown_words(model.tokenizer, texts))
    answers = OnnxAnswers(make_onnx(frozen).SerializeToString())
    places = {word: row for row, word in enumerate(frozen.words)}
    ids = [[places[word] for word in model.tokenizer.words(text)] for text in texts]
    expected = Engine(model, backend="numpy").encode(texts)
    np.testing.assert_allclose(answers(ids), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("pooling", "both"), KINDS)
@settings(max_examples=40)
@given(questions=QUESTIONS)
@example([])
@example([[]])
@example([[], [3]])
@example([[0, 0], [1]])
def test_any_batch_has_the_vectors_that_gemel_gives(pooling, both, questions):
    frozen, answers = exported(pooling, both)
    found = answers(questions)
    assert found.shape == (len(questions), frozen.dim)
    np.testing.assert_allclose(found, gemel_vectors(frozen, questions), rtol=0, atol=1e-5)


@pytest.mark.parametrize("int8", [False, True])
@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(1, 12), max_size=9), min_size=1, max_size=6), st.data())
def test_a_vector_does_not_hang_on_its_neighbours(int8, questions, data):
    _, answers = exported("max", True, int8)
    place = data.draw(st.integers(0, len(questions) - 1))
    alone, among = answers([questions[place]])[0], answers(questions)[place]
    np.testing.assert_allclose(among, alone, rtol=0, atol=1e-6)
    length = 1 if questions[place] else 0
    assert np.linalg.norm(among) == pytest.approx(length, abs=1e-6)
    assert length or not among.any()


@pytest.mark.parametrize(("pooling", "both"), KINDS)
def test_what_stands_behind_the_mask_does_not_count(pooling, both, tmp_path):
    frozen, answers = exported(pooling, both)
    (file,) = write_onnx(frozen, tmp_path)
    session = onnxruntime.InferenceSession(file.path, providers=["CPUExecutionProvider"])
    ids = np.array([[3, 4, 9, 9], [5, 9, 9, 9], [9, 9, 9, 9]])
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    (found,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    np.testing.assert_allclose(found, answers([[3, 4], [5], []]), rtol=0, atol=1e-6)
    assert not found[2].any()


def test_the_files_say_what_they_take_and_use_standard_operators_only(tmp_path):
    frozen, _ = exported("mean", True)
    written = write_onnx(frozen, tmp_path, int8=True, notes={"threshold": "0.5", "ü": "\n"})
    assert [file.path.name for file in written] == [ONNX_FILE, INT8_FILE]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ONNX_FILE, INT8_FILE])
    for file in written:
        assert file.path.stat().st_size == file.bytes
        model = onnx.load(file.path)
        onnx.checker.check_model(model, full_check=True)
        assert {(each.domain, each.version) for each in model.opset_import} == {("", 17)}
        assert OnnxAnswers(file.path.read_bytes()).notes == {"threshold": "0.5", "ü": "\n"}
        session = onnxruntime.InferenceSession(file.path, providers=["CPUExecutionProvider"])
        inputs = [(each.name, each.type, each.shape) for each in session.get_inputs()]
        shape = ["batch", "time"]
        assert inputs == [
            ("input_ids", "tensor(int64)", shape),
            ("attention_mask", "tensor(int64)", shape),
        ]
        (output,) = session.get_outputs()
        assert (output.name, output.shape) == ("sentence_embedding", ["batch", frozen.dim])
    assert written[0].difference < 1e-5
    assert written[0].least_cosine > 1 - 1e-5
    assert 1e-5 < written[1].difference < 0.1
    assert 0.98 < written[1].least_cosine < 1


def test_the_same_model_is_the_same_bytes(tmp_path):
    frozen, _ = exported("max", False)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_onnx(frozen, tmp_path / name, int8=True)
    for name in (ONNX_FILE, INT8_FILE):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_bytes_take_a_quarter_of_the_room(tmp_path):
    frozen, _ = exported("max", True)
    table = np.random.default_rng(0).normal(size=(5000, 6)).astype(np.float32)
    words = [str(number) for number in range(5000)]
    large = dataclasses.replace(frozen, table=np.tile(table, 16), words=words)
    ways = {
        name: dataclasses.replace(way, weight_ih=np.tile(way.weight_ih, 16) / 16)
        for name, way in (("forwards", frozen.forwards), ("backwards", frozen.backwards))
    }
    whole, small = write_onnx(dataclasses.replace(large, **ways), tmp_path, int8=True)
    assert whole.bytes / 4 < small.bytes < whole.bytes / 3.6


@given(
    arrays(np.float32, array_shapes(min_dims=2, max_dims=3), elements=st.floats(-9, 9, width=32))
)
@example(np.zeros((2, 3), np.float32))
@example(np.full((1, 1), 2e-45, np.float32))
def test_a_row_in_bytes_is_as_near_as_a_byte_can_be(array):
    held, scales = in_bytes(array)
    assert held.dtype == np.int8
    assert (np.abs(held * scales - array) <= 0.501 * scales).all()
    highest = np.abs(array).max(axis=-1)
    assert (np.abs(held).max(axis=-1) == np.where(highest > 1e-30, 127, 0)).all()


def test_wrong_vectors_are_not_written(tmp_path):
    frozen, _ = exported("mean", False)
    broken = dataclasses.replace(frozen, table=np.full_like(frozen.table, np.nan))
    with pytest.raises(GemelError, match=r"model\.onnx: ONNX Runtime's vectors differ"):
        write_onnx(broken, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_no_file_can_hold_is_refused_at_once(tmp_path):
    frozen, _ = exported("mean", False)
    words = [""] * 10
    huge = dataclasses.replace(
        frozen, words=words, table=np.broadcast_to(np.float32(0), (100_000_000, 6))
    )
    with pytest.raises(ConfigError, match=r"of 10 words, take 2\.4 GB, but one ONNX file holds 2"):
        write_onnx(huge, tmp_path)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named(package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gemel\[onnx\]'"):
        write_onnx(exported("mean", False)[0], tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_onnx(exported("mean", False)[0], tmp_path / "nowhere")
