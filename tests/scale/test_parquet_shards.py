import errno

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gemel.scale.parquet_shards import ParquetShards

HALF = "half a \ud83d character"
# Half characters too: a file of questions may hold them.
texts = st.text(st.characters(), max_size=8)
kinds = st.sampled_from([np.int8, np.int32, np.int64, np.float16, np.float32, np.uint8])


@st.composite
def several_parts(draw):
    """Some parts of like columns, of which any may be empty."""
    kind, wide, width = draw(kinds), draw(kinds), draw(st.integers(1, 5))
    parts = []
    for rows in draw(st.lists(st.integers(0, 6), min_size=1, max_size=4)):
        parts.append(
            {
                "number": draw(arrays.arrays(kind, rows)),
                "vector": draw(arrays.arrays(wide, (rows, width))),
                "text": draw(st.lists(texts, min_size=rows, max_size=rows)),
            }
        )
    return parts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.fixture
def tables(tmp_path):
    return ParquetShards(tmp_path)


def numbers(*values):
    return np.array(values, np.int32)


def same(found, expected):
    assert list(found) == list(expected)
    for name, column in expected.items():
        if isinstance(column, list):
            assert found[name] == column
        else:
            assert found[name].dtype == column.dtype
            np.testing.assert_array_equal(found[name], column)


def joined(parts):
    return {
        name: np.concatenate([part[name] for part in parts])
        if name != "text"
        else [text for part in parts for text in part["text"]]
        for name in parts[0]
    }


@given(several_parts())
@settings(max_examples=60)
def test_what_was_written_is_read(folder, parts):
    tables = ParquetShards(folder)
    tables.write("stage", 3, parts, {"rows": 7})
    names = list(parts[0])
    assert tables.counts("stage", 3) == {"rows": 7}
    same(tables.read("stage", 3, names), joined(parts))
    for found, part in zip(tables.parts("stage", 3, names), parts, strict=True):
        same(found, part)
    for place, part in enumerate(parts):
        same(tables.read("stage", 3, names, place), part)


def test_columns_come_in_the_order_in_which_they_are_asked_for(tables):
    tables.write("stage", 0, [{"a": numbers(1, 2), "text": ["x", HALF]}], {"rows": 2})
    same(tables.read("stage", 0, ["text", "a"]), {"text": ["x", HALF], "a": numbers(1, 2)})
    same(tables.read("stage", 0, ["a"]), {"a": numbers(1, 2)})


def test_shards_are_gathered_in_order_and_by_part(tables):
    for shard in (1, 0, 2):
        parts = [{"row": numbers(shard, part), "text": [f"{shard}", f"{part}"]} for part in (0, 1)]
        tables.write("stage", shard, parts, {"rows": 4})
    found = tables.gather("stage", 3, ["row", "text"])
    assert found["row"].tolist() == [0, 0, 0, 1, 1, 0, 1, 1, 2, 0, 2, 1]
    assert found["text"] == [str(row) for row in found["row"].tolist()]
    found = tables.gather("stage", 3, ["row", "text"], 1)
    assert found["row"].tolist() == [0, 1, 1, 1, 2, 1]
    assert found["text"] == ["0", "1", "1", "1", "2", "1"]


def test_the_same_tables_are_the_same_bytes(tables):
    for shard in (0, 1):
        tables.write(
            "stage", shard, [{"row": numbers(*range(99)), "text": ["?"] * 99}], {"rows": 1}
        )
    first, other = (tables.file("stage", shard).read_bytes() for shard in (0, 1))
    assert first == other


def test_what_is_read_is_counted(tables):
    parts = [{"one": np.arange(5000), "other": np.arange(5000) % 7} for _ in range(2)]
    tables.write("stage", 0, parts, {"rows": 1})
    assert tables.read_bytes == 0
    tables.read("stage", 0, ["one"], 0)
    part = tables.read_bytes
    tables.read("stage", 0, ["one"])
    assert tables.read_bytes == 3 * part
    tables.read("stage", 0, ["one", "other"])
    assert 5 * part < tables.read_bytes <= tables.file("stage", 0).stat().st_size * 2.5


def test_counts_are_those_when_all_parts_are_written(tables):
    counts = {"rows": 0}

    def parts():
        for size in (2, 3):
            counts["rows"] += size
            yield {"row": np.zeros(size, np.int32)}

    tables.write("stage", 0, parts(), counts)
    assert tables.counts("stage", 0) == {"rows": 5}


def test_a_missing_file_is_not_there(tables):
    assert tables.counts("stage", 0) is None
    tables.write("stage", 0, [{"row": numbers(1)}], {"rows": 1})
    assert tables.counts("stage", 0) is not None
    assert tables.counts("stage", 1) is None
    assert tables.counts("other", 0) is None


def test_a_file_that_ends_anywhere_is_not_there(tables):
    tables.write("stage", 0, [{"row": numbers(1, 2, 3), "text": ["a", "b", "c"]}], {"rows": 3})
    content = tables.file("stage", 0).read_bytes()
    for size in range(len(content)):
        tables.file("stage", 0).write_bytes(content[:size])
        assert tables.counts("stage", 0) is None
    tables.file("stage", 0).write_bytes(content)
    assert tables.counts("stage", 0) == {"rows": 3}


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"row\n1\n", bytes(4000)])
def test_something_else_is_not_there(tables, content):
    tables.write("stage", 0, [{"row": numbers(1)}], {"rows": 1})
    tables.file("stage", 0).write_bytes(content)
    assert tables.counts("stage", 0) is None


def test_a_table_of_another_hand_is_not_there(tables):
    import pyarrow
    from pyarrow import parquet

    (tables.path / "stage").mkdir()
    parquet.write_table(pyarrow.table({"row": [1, 2]}), tables.file("stage", 0))
    assert tables.counts("stage", 0) is None


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()])
def test_an_error_while_writing_leaves_what_stood_there(tables, error):
    def parts():
        yield {"row": numbers(1, 2)}
        raise error

    with pytest.raises(type(error)):
        tables.write("stage", 0, parts(), {"rows": 2})
    assert list((tables.path / "stage").iterdir()) == []
    tables.write("stage", 0, [{"row": numbers(7)}], {"rows": 1})
    with pytest.raises(type(error)):
        tables.write("stage", 0, parts(), {"rows": 2})
    assert tables.read("stage", 0, ["row"])["row"].tolist() == [7]
    assert [file.name for file in (tables.path / "stage").iterdir()] == ["00000.parquet"]


def test_a_full_disk_leaves_nothing(mounted, tmp_path):
    noise = np.random.default_rng(5).integers(0, 2**62, 100_000)
    with mounted(tmp_path / "disk", "300k") as disk:
        with pytest.raises(OSError, match="No space left"):
            ParquetShards(disk).write("stage", 0, [{"row": noise}], {"rows": 1})
        assert list((disk / "stage").iterdir()) == []


def test_no_parts_are_no_table(tables):
    with pytest.raises(ValueError, match="no parts"):
        tables.write("stage", 0, [], {"rows": 0})
    assert tables.counts("stage", 0) is None
