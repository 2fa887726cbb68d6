"""Word vectors in files: known words are found, odd rows are errors."""

import gzip
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import save_file

from gemel.data import word_vectors
from gemel.data.word_vectors import VectorFile
from gemel.errors import ConfigError, DataError
from gemel.text import split_words

WORDS = st.text(st.characters(exclude_categories=["Z", "C"], codec="utf-8"), min_size=1, max_size=8)


def write_glove(path, words, table):
    rows = zip(words, table.tolist(), strict=True)
    lines = [" ".join([word, *map(repr, row)]) for word, row in rows]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def write_word2vec(path, words, table):
    write_glove(path, words, table)
    path.write_bytes(f"{len(words)} {table.shape[1]}\n".encode() + path.read_bytes())
    return path


def write_gzip(path, words, table):
    packed = path.with_name("v.txt.gz")
    packed.write_bytes(gzip.compress(write_word2vec(path, words, table).read_bytes()))
    return packed


def write_trailing(path, words, table):
    """A space at the end of every line, as word2vec and fastText write them; Windows' line ends."""
    content = write_word2vec(path, words, table).read_bytes()
    path.write_bytes(content.replace(b"\n", b" \r\n"))
    return path


def write_tabs(path, words, table):
    path.write_bytes(write_glove(path, words, table).read_bytes().replace(b" ", b"\t"))
    return path


def write_tensors(path, words, table):
    path = path.with_suffix(".safetensors")
    save_file({"vectors": table, "other": table}, path, {"words": json.dumps(words)})
    return path


def write_beside(path, words, table):
    path.with_name("v.words.txt").write_bytes("".join(f"{word}\n" for word in words).encode())
    path = path.with_suffix(".safetensors")
    save_file({"only": table, "flat": table.ravel()}, path)
    return path


WRITERS = [
    *(write_glove, write_word2vec, write_gzip, write_trailing, write_tabs),
    *(write_tensors, write_beside),
]


@st.composite
def tables(draw):
    words = draw(st.lists(WORDS, min_size=1, max_size=8, unique=True))
    finite = st.floats(-1e6, 1e6, width=32)
    shape = (len(words), draw(st.integers(2, 5)))
    return words, draw(arrays.arrays(np.float32, shape, elements=finite))


@pytest.mark.parametrize("write", WRITERS)
@settings(max_examples=25)
@given(tables(), st.randoms(use_true_random=False))
def test_what_was_written_is_found(tmp_path_factory, write, given_, chance):
    words, table = given_
    path = write(tmp_path_factory.mktemp("vectors") / "v.txt", words, table)
    file = VectorFile(path)
    assert file.dim == table.shape[1]
    wanted = [*chance.sample(words, chance.randint(1, len(words))), "is not there"]
    found = file.look_up(wanted, lowercase=False)
    assert found.found.tolist() == [True] * (len(wanted) - 1) + [False]
    np.testing.assert_array_equal(found.table[:-1], table[[words.index(w) for w in wanted[:-1]]])
    assert not found.table[-1].any()
    assert found.repeats == 0


def look_up(tmp_path, content, words, *, lowercase=True, name="v.txt"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return VectorFile(path).look_up(words, lowercase=lowercase)


CASES = "Paris 1 1\nIT 2 2\nit 3 3\nIt 4 4\nDON’T 5 5\nＷｉｄｅ 6 6\nit 7 7\n"


def test_case_is_dropped_where_the_model_drops_it_and_the_very_word_goes_before(tmp_path):
    words = ["paris", "it", "don't", "wide", "rome"]
    found = look_up(tmp_path, CASES, words)
    assert found.table[:, 0].tolist() == [1, 3, 5, 6, 0]
    assert found.found.tolist() == [True, True, True, True, False]
    assert found.repeats == 1
    assert "4 of 5 words of the vocabulary (80.0%)" in str(found)
    assert "; 1 are in it twice, the first counts" in str(found)


def test_case_counts_where_the_model_lets_it_count(tmp_path):
    found = look_up(tmp_path, CASES, ["paris", "Paris", "It", "DON'T"], lowercase=False)
    assert found.table[:, 0].tolist() == [0, 1, 4, 5]


def test_words_with_spaces_as_some_of_gloves_have(tmp_path):
    found = look_up(tmp_path, "the 1 2\n. . . 3 4\nat name 5 6\ncat 7 8\n", ["cat", ". . ."])
    assert found.table.tolist() == [[7, 8], [3, 4]]


def test_a_header_is_one_only_where_it_has_two_whole_numbers(tmp_path):
    assert look_up(tmp_path, "7 1 2\n", ["7"]).table.tolist() == [[1, 2]]
    assert look_up(tmp_path, "7 0.5\na 1\n", ["7"]).table.tolist() == [[0.5]]
    assert look_up(tmp_path, "1 2\n7 5 6\n", ["7"]).table.tolist() == [[5, 6]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("the 1 2\ncat 1\n", "v.txt:2: has 1 numbers behind its word; expected 2"),
        ("the 1 2\ncat 1 2 3\n", "v.txt:2: has 3 numbers behind its word; expected 2"),
        ("the 1 2\n\ncat 1 2\n", "v.txt:2: has 0 numbers behind its word"),
        ("2 2\nthe 1 2\ncat 1 x\n", "v.txt:3: has no vector behind its word: could not convert"),
        ("the 1 2\ncat 1 nan\n", "v.txt:2: has no vector behind its word: a number is not finite"),
        ("the 1 2\ncat 1 1e39\n", "a number is not finite"),
        ("3 2\nthe 1 2\ncat 1 2\n", "promises 3 words in its first line, and has 2; it is cut"),
        ("1 2\nthe 1 2\ncat 1 2\n", "promises 1 words in its first line, and has 2"),
        ("the 1 2\ndog 1 2\n", "has none of the 1 words of the vocabulary, such as 'cat'"),
        ("", "is no text of word vectors"),
        ("hello\n", "is no text of word vectors"),
        ("how are you\n", "is no text of word vectors: its first line is b'how are you"),
        ("5 0\n", "is no text of word vectors"),
        ("5 9000\n", "is no text of word vectors"),
        ("9" * 5000 + " 2\nthe 1 2\n", "v.txt:2: has 2 numbers behind its word; expected 1"),
        ("cat " + "1" * (1 << 20), "v.txt:1: has no end within 1,048,576 bytes"),
    ],
)
def test_odd_text_is_an_error_that_names_the_line(content, message, tmp_path):
    with pytest.raises(DataError, match=message):
        look_up(tmp_path, content, ["cat"])


def test_files_of_other_kinds(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        VectorFile(tmp_path / "v.txt")
    with pytest.raises(DataError, match="is no file"):
        VectorFile(tmp_path)
    with pytest.raises(DataError, match="is binary, as its name gives"):
        look_up(tmp_path, "2 2\n", ["a"], name="v.bin")
    with pytest.raises(DataError, match="is not a whole gzip file"):
        look_up(tmp_path, "a 1 2\n", ["a"], name="v.txt.gz")
    with pytest.raises(DataError, match="is a ZIP archive; unpack it"):  # as GloVe's come
        look_up(tmp_path, b"PK\x03\x04\x14\0\0", ["a"])
    whole = gzip.compress("".join(f"w{n} {n} 0.{n}\n" for n in range(3000)).encode())
    assert look_up(tmp_path, whole, ["w9"], name="v.txt.gz").table.tolist() == [
        [9, np.float32(0.9)]
    ]
    with pytest.raises(DataError, match="is not a whole gzip file"):
        look_up(tmp_path, whole[:-20], ["w9"], name="v.txt.gz")
    with pytest.raises(DataError, match="is no whole safetensors file"):
        look_up(tmp_path, b"abc", ["a"], name="v.safetensors")


TABLE = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.mark.parametrize(
    ("tensors", "metadata", "beside", "message"),
    [
        ({"vectors": TABLE}, None, None, "has no words: neither a JSON list under `words`"),
        ({"a": TABLE, "b": TABLE}, {"words": '["a"]'}, None, r"holds a \[3, 2\], b \[3, 2\]"),
        ({"a": TABLE[0]}, {"words": '["a"]'}, None, "expected a tensor vectors"),
        ({"a": TABLE.astype("i4")}, {"words": '["a"]'}, None, "is I32 of shape"),
        ({"a": TABLE}, {"words": "["}, None, "are no JSON"),
        ({"a": TABLE}, {"words": '["a", 2]'}, None, "are no JSON list of texts"),
        ({"a": TABLE}, {"words": '["a", "b"]'}, None, "has 3 rows, but 2 words"),
        ({"a": TABLE}, None, "a\nb\nc\nd\n", r"has 3 rows, but more words .*from v.txt"),
        (
            {"a": np.full_like(TABLE, np.inf)},
            {"words": '["a", "b", "c"]'},
            None,
            "row 1, from 0, holds numbers",
        ),
    ],
)
def test_odd_tensors(tensors, metadata, beside, message, tmp_path):
    path = tmp_path / "v.safetensors"
    save_file(tensors, path, metadata)
    if beside:
        path.with_suffix(".txt").write_text(beside)
    with pytest.raises(DataError, match=message):
        VectorFile(path).look_up(["b"], lowercase=True)


def test_another_dimension_states_what_to_type(tmp_path):
    path = write_glove(tmp_path / "v.txt", ["a"], TABLE[:1])
    VectorFile(path).require_dim(2)
    with pytest.raises(ConfigError, match=r"add --set network.d_model=2, or take another file"):
        VectorFile(path).require_dim(128)


def test_memory_is_that_of_the_words_wanted(tmp_path, monkeypatch):
    """A file of 16 MB is read to its end, heard of on the way, and hardly any of it stored."""
    path = tmp_path / "v.txt"
    tail = " 0.123456789" * 640
    path.write_text("".join(f"w{number}{tail}\n" for number in range(2100)))
    size = path.stat().st_size
    assert size > 16_000_000
    heard = []
    monkeypatch.setattr(word_vectors, "_EVERY", 2000)
    tracemalloc.start()
    try:
        found = VectorFile(path).look_up(
            ["w2099", "w3"], lowercase=True, progress=lambda *news: heard.append(news)
        )
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert found.found.all()
    ((stage, done, total),) = heard
    assert stage == "looking up words in v.txt"
    assert 0.8 * size < done <= total == size


def test_the_digest_tells_other_vectors_and_other_words_apart(tmp_path):
    def digest(content):
        return look_up(tmp_path, content, ["cat", "dog"]).digest

    assert digest("cat 1 2\nfar 5 6\n") == digest("cat 1 2\nout 7 8\n")
    others = {digest("cat 1 2\n"), digest("cat 1 3\n"), digest("dog 1 2\n"), digest("cat 0 0\n")}
    assert len(others | {digest("cat 1 2\ndog 0 0\n")}) == 5


def test_words_are_cut_as_glove_cuts_them():
    """What a vocabulary holds is in such files unchanged there."""
    assert split_words("don't") == ["do", "n't"]
