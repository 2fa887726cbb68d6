"""Checkpoints of the notebook's network become models that give Trax's own vectors."""

import dataclasses
import gzip
import io
import json
import pickle
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.errors import DataError
from gemel.exchange.trax_model import match_rows, model_from_trax, read_trax, read_vocabulary
from gemel.folder import load_model, save_model
from gemel.inference import Engine, NumpyTwin
from gemel.text import TokenTable

GOLDEN = Path(__file__).parents[1] / "golden"
OLD, NEW = GOLDEN / "trax_old_model.pkl.gz", GOLDEN / "trax_new_model.pkl.gz"
CLOSE = {"rtol": 0, "atol": 1e-5}
WORDS = [f"w{number}" for number in range(2, 50)]


@pytest.fixture(scope="module")
def trax():
    with np.load(GOLDEN / "trax_siamese.npz") as archive:
        return dict(archive)


@pytest.fixture
def vocabulary(tmp_path):
    return written(tmp_path, {"<PAD>": 1, **{word: int(word[1:]) for word in WORDS}})


def written(folder, ids):
    path = folder / "vocabulary.json"
    path.write_text(json.dumps(ids))
    return path


def pickled(path, value, pack=gzip.compress):
    path.write_bytes(pack(pickle.dumps(value, 4)))
    return path


@pytest.mark.parametrize("checkpoint", [OLD, NEW])
def test_weights_are_those_that_trax_had(checkpoint, trax):
    found = read_trax(checkpoint)
    np.testing.assert_array_equal(found.embedding, trax["embedding"])
    np.testing.assert_array_equal(found.lstm, trax["lstm_w"])
    np.testing.assert_array_equal(found.bias, trax["lstm_b"])
    assert found.step == (100 if checkpoint == NEW else None)


@pytest.mark.parametrize("checkpoint", [OLD, NEW])
def test_the_vectors_are_those_of_trax(checkpoint, processor, trax, vocabulary, tmp_path):
    """Padded as Trax was given them: its padding counts, and a row of it is a word like others."""
    save_model(model_from_trax(checkpoint, vocabulary).model, tmp_path / "model")
    engine = Engine(load_model(tmp_path / "model"))
    encoder = NumpyTwin(
        engine.model.weights, engine.model.tokenizer, engine.model.config.network, engine.backend
    ).encoder
    for side in ("1", "2"):
        vectors = encoder(TokenTable.from_rows(trax[f"x{side}"].tolist()))
        np.testing.assert_allclose(vectors, trax[f"v{side}"], **CLOSE)


def test_texts_give_the_vectors_of_their_ids(processor, trax, vocabulary):
    """The engine fills questions up to the longest, as Trax was given them filled up."""
    engine = Engine(model_from_trax(OLD, vocabulary).model)
    for side in ("1", "2"):
        ids = trax[f"x{side}"]
        assert ids.min() > 0
        assert (ids == 1).any()
        assert (ids > 1).all(axis=1).any()  # one is not filled up
        texts = [" ".join(f"w{number}" for number in row if number > 1) for row in ids.tolist()]
        np.testing.assert_allclose(engine.encode(texts), trax[f"v{side}"], **CLOSE)


def test_tiles_asked_for_by_name_are_not_exact(on_processor, trax, vocabulary):
    """Numbers of bfloat16 would not pass for Trax's: the tests above can fail."""
    on_processor("amx")
    model = model_from_trax(OLD, vocabulary).model
    texts = [" ".join(f"w{n}" for n in row if n > 1) for row in trax["x1"].tolist()]
    vectors = Engine(model, backend="tiles").encode(texts)
    assert 1e-5 < np.abs(vectors - trax["v1"]).max() < 1e-2


def test_case_counts_and_all_unknown_words_are_one(vocabulary):
    engine = Engine(model_from_trax(OLD, vocabulary).model)
    one, other, known, large = engine.encode(["aaa", "bbb", "w5", "W5"])
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, large)
    assert np.abs(one - known).max() > 0.01


def test_gaps_and_the_overrun_give_each_word_the_row_that_trax_gave_it(tmp_path):
    """The notebook's last id lies one behind the table; Trax takes the last row for it."""
    ids = {"<PAD>": 1, **{word: int(word[1:]) for word in WORDS}, "asked": 0, "too": 0}
    del ids["w7"], ids["w20"]
    ids["last"] = 50
    found = model_from_trax(OLD, written(tmp_path, ids))
    table = read_trax(OLD).embedding
    vocabulary = found.model.tokenizer.vocabulary
    weights = found.model.weights["embedding.weight"]
    assert len(weights) == len(vocabulary) == 49
    for word in vocabulary.words:
        np.testing.assert_array_equal(weights[vocabulary[word]], table[min(ids[word], 49)])
    np.testing.assert_array_equal(weights[:2], table[:2])
    assert "asked" not in vocabulary
    assert found.known.overrun == "last"
    assert found.known.unknown == 2


@given(st.sets(st.integers(2, 40), min_size=1), st.integers(-3, 4), st.integers(0, 5))
def test_sizes_that_fit(numbers, beyond, asked):
    ids = {"<PAD>": 1, **{f"w{n}": n for n in numbers}, **{f"a{n}": 0 for n in range(asked)}}
    rows = max(numbers) + beyond
    if beyond >= 0 and (beyond <= 1 or rows <= len(ids)):
        known = match_rows(ids, rows, "v.json")
        assert known.words == [f"w{n}" for n in sorted(numbers)]
        expected = [0, 1, *(min(n, rows - 1) for n in sorted(numbers))]
        assert known.rows.tolist() == expected
        assert (known.overrun is not None) == (beyond == 0)
    else:
        with pytest.raises(DataError, match="it is the vocabulary of another network"):
            match_rows(ids, rows, "v.json")


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1), unique=True
    ),
    st.booleans(),
)
def test_texts_and_json_give_the_same_ids(tmp_path_factory, words, with_unknown):
    words = [word for word in words if word.strip() and word[0] not in "{\ufeff\x80"]
    words = [word for word in words if word not in ("<PAD>", "<UNK>")]
    folder = tmp_path_factory.mktemp("vocabularies")
    ids = {"<UNK>": 0} if with_unknown else {}
    ids |= {token: number for number, token in enumerate(["<PAD>", *words], 1)}
    lines = folder / "words.txt"
    lines.write_text("".join(f"{token}\n" for token in ids), "utf-8")
    assert read_vocabulary(lines) == read_vocabulary(written(folder, ids)) == ids


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"a": 1}), "which is code and is not loaded; .*json.dump"),
        (gzip.compress(b"{}", mtime=0), "is packed, or a Python pickle"),
        (b"\xe9{}", "is not UTF-8"),
        (b"{", "no whole JSON"),
        (b"[" * 100_000, "neither a JSON object"),
        (b'{"a": ' * 100_000, "no whole JSON"),
        (b'{"a": 2, "a": 3}', "a token is repeated"),
        (b'{"a": 2, "b": 2}', "'a' and 'b' have one id, 2"),
        (b'{"a": 2.0}', "'a' has the id 2.0; expected whole numbers"),
        (b'{"a": true}', "'a' has the id True"),
        (b'{"a": -1}', "'a' has the id -1"),
        (b'{"a": 1}', "expected <PAD>, the padding, to have the id 1; it has none"),
        (b'{"<PAD>": 2}', "to have the id 1; it has 2"),
        (b'{"<PAD>": 1, "<UNK>": 7}', "words.txt: <UNK> has the id 7; expected none, or 0"),
        (b"a\nb\n", "neither a JSON object of token and id, nor a text"),
        (b"<PAD>\na\nb\na\n", "words.txt:4: 'a' is repeated"),
        (b"<PAD>\na\n\nb\n", "words.txt:3: holds no token"),
        (b"", "neither a JSON object"),
    ],
)
def test_vocabularies_that_are_none(content, message, tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_vocabulary(path)


def test_words_that_no_question_can_have_are_reported(tmp_path):
    ids = {"<PAD>": 1, **{word: int(word[1:]) for word in WORDS[:-2]}, "well-known": 48, "``": 49}
    found = model_from_trax(OLD, written(tmp_path, ids))
    assert found.unreachable == ["well-known", "``"]
    assert "well-known" not in found.model.tokenizer.words("a well-known word")


def test_an_lstm_of_another_width_than_its_input(tmp_path, vocabulary):
    random = np.random.default_rng(1)
    arrays = [random.normal(size=shape).astype(np.float32) for shape in ((50, 8), (11, 12), (12,))]
    found = model_from_trax(pickled(tmp_path / "m.pkl.gz", {"flat_weights": arrays}), vocabulary)
    network = found.model.config.network
    assert (network.d_model, network.n_units, network.dim) == (8, 3, 3)
    save_model(found.model, tmp_path / "model")
    assert Engine.load(tmp_path / "model").encode(["w3 w4"]).shape == (1, 3)


def shapes(*wanted):
    return {"flat_weights": [np.ones(shape, np.float32) for shape in wanted]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"weights": [], "state": 1}, "holds weights, state; expected flat_weights"),
        ([], "is no checkpoint of Trax: holds list"),
        ({}, "holds nothing; expected flat_weights"),
        ({"flat_weights": None}, "flat_weights is a NoneType"),
        ({"flat_weights": [1, 2, 3]}, "a int where an array should be"),
        ({"flat_weights": [np.ones(9)] * 13}, "holds 13 arrays; expected the three"),
        ({1 << 20_000: 1}, "holds nothing; expected flat_weights"),
        (shapes((5, 2), (4, 8)), r"holds 2 arrays \(5 x 2, 4 x 8\); expected the three"),
        (shapes((5, 2), (4, 8), (9,)), "expected the three of the notebook's network"),
        (shapes((5, 2), (5, 8), (8,)), "expected the three of the notebook's network"),
        (shapes((5, 2), (4, 8), (8,), (2, 2)), "holds 4 arrays"),
        (shapes((5, 0), (0, 0), (0,)), "expected the three"),
        (shapes((), (4, 8), (8,)), r"\(a number, 4 x 8, 8\)"),
        (
            {"flat_weights": [np.full(size, np.inf, "f4") for size in ((5, 2), (4, 8), (8,))]},
            "weights that are not finite",
        ),
        ({"flat_weights": 2}, r"m.weights.npy.gz, next to it"),
    ],
)
def test_checkpoints_of_other_things(value, message, tmp_path):
    with pytest.raises(DataError, match=message):
        read_trax(pickled(tmp_path / "m.pkl.gz", value))


def test_files_that_are_not_whole(tmp_path):
    path = tmp_path / "m.pkl.gz"
    with pytest.raises(DataError, match="no such file"):
        read_trax(path)
    path.write_bytes(OLD.read_bytes()[:-100])
    with pytest.raises(DataError, match="not a whole gzip file"):
        read_trax(path)
    path.write_bytes(gzip.decompress(OLD.read_bytes()))  # a browser may have unpacked it
    assert read_trax(path).embedding.shape == (50, 8)
    shutil.copy(NEW, path)
    weights = gzip.decompress((GOLDEN / "trax_new_model.weights.npy.gz").read_bytes())
    beside = tmp_path / "m.weights.npy.gz"
    for content in (weights[:-4], weights + b"abc", weights[:90], b"x" * 200):
        beside.write_bytes(gzip.compress(content))
        with pytest.raises(DataError, match="no whole arrays of numbers"):
            read_trax(path)
    (tmp_path / "m.pkl.gz.npy").write_bytes(gzip.compress(weights))  # as it was called once
    beside.unlink()
    assert read_trax(path).embedding.shape == (50, 8)


def npy(header):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 128), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 128), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
        "__import__('os').system('true')",
        "{'descr': ('<f4',), 'fortran_order': False, 'shape': (2,), }",
        "{'descr': (",
        "  a\n b",
        "-" * 9000 + "1",
    ],
)
def test_headers_of_arrays_are_not_believed(header, tmp_path):
    path = tmp_path / "m.pkl.gz"
    shutil.copy(NEW, path)
    (tmp_path / "m.weights.npy.gz").write_bytes(gzip.compress(npy(header) + bytes(16)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="no whole arrays of numbers"):
            read_trax(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_file_packed_to_fill_a_memory_is_let_go_early(tmp_path):
    path = tmp_path / "m.pkl.gz"
    with gzip.open(path, "wb") as stream:
        for _ in range(64):
            stream.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="refused as a decompression bomb"):
            read_trax(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_versions_of_numpys_format(tmp_path):
    path = tmp_path / "m.pkl.gz"
    shutil.copy(NEW, path)
    stream = io.BytesIO()
    for array in dataclasses.astuple(read_trax(OLD))[:3]:
        np.lib.format.write_array(stream, np.asfortranarray(array.astype(">f8")), (2, 0))
    (tmp_path / "m.weights.npy.gz").write_bytes(gzip.compress(stream.getvalue()))
    np.testing.assert_array_equal(read_trax(path).lstm, read_trax(OLD).lstm)
