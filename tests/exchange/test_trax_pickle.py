"""Pickles are read as data: the honest come out as they went in, the hostile do nothing."""

import builtins
import contextlib
import functools
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gemel.errors import DataError
from gemel.exchange import trax_pickle
from gemel.exchange.trax_pickle import Made, array_of, read_pickle

PATH = Path("model.pkl.gz")
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    PLAIN | st.binary() | st.builds(bytearray, st.binary()),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(PLAIN | st.binary(), inner)
    ),
)


@settings(max_examples=40)
@given(VALUES, st.integers(3, 5))
def test_plain_values_come_out_as_they_went_in(value, protocol):
    if protocol < 5:  # a bytearray is a function called, below
        value = without_bytearrays(value)
    content = pickle.dumps(value, protocol)
    found = read_pickle(content, PATH)
    assert repr(found) == repr(value)


def without_bytearrays(value):
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list | tuple):
        return type(value)(map(without_bytearrays, value))
    if isinstance(value, dict):
        return {key: without_bytearrays(each) for key, each in value.items()}
    return value


@given(st.sets(st.text() | st.integers()), st.sampled_from([set, frozenset]))
def test_sets(value, kind):
    assert read_pickle(pickle.dumps(kind(value), 4), PATH) == value


def test_what_is_in_two_places_is_one_and_may_hold_itself():
    shared = [1]
    shared.append(shared)
    found = read_pickle(pickle.dumps((shared, shared), 4), PATH)
    assert found[0] is found[1] is found[0][1]


FLOATS = st.sampled_from(["<f4", ">f4", "<f8", "<f2"])


@given(
    FLOATS.flatmap(
        lambda kind: arrays.arrays(
            np.dtype(kind),
            arrays.array_shapes(min_dims=0, min_side=0),
            elements={"allow_nan": False},
        )
    ),
    st.integers(3, 5),
    st.booleans(),
)
def test_arrays_as_numpy_pickles_them(array, protocol, turned):
    array = array.T if turned else array
    content = pickle.dumps({"a": array}, protocol)
    found = array_of(read_pickle(content, PATH)["a"], PATH)
    assert found.dtype == np.float32
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found, array.astype(np.float32))


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_numpy_before_its_second_version_has_other_names(protocol):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    content = pickle.dumps(array, protocol)
    old = pickle.dumps(array, 3).replace(b"numpy._core", b"numpy.core")
    assert b"numpy.core.multiarray" in old
    for each in (content, old):
        np.testing.assert_array_equal(array_of(read_pickle(each, PATH), PATH), array)


class Reduced:
    """Anything at all that a pickle can have called."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


class jax_array:  # noqa: N801 - as JAX calls it
    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        function, arguments, state = self.array.__reduce__()
        return _reconstruct_array, (function, arguments, state, {"weak_type": False})


def _reconstruct_array(*arguments):
    raise AssertionError("called")


@pytest.mark.parametrize(
    "name", ["jax._src.array _reconstruct_array", "jax._src.device_array reconstruct_device_array"]
)
def test_arrays_of_jax_are_those_of_numpy(name, monkeypatch):
    array = np.arange(4, dtype=np.float32)
    module, function = name.split()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_reconstruct_array, "__module__", "builtins")
        patch.setattr(_reconstruct_array, "__qualname__", "_reconstruct_array")
        patch.setattr(builtins, "_reconstruct_array", _reconstruct_array, raising=False)
        content = pickle.dumps(jax_array(array), 3)
    named = b"cbuiltins\n_reconstruct_array\n"
    assert named in content
    content = content.replace(named, f"c{module}\n{function}\n".encode())
    np.testing.assert_array_equal(array_of(read_pickle(content, PATH), PATH), array)


def test_bfloat16_is_the_upper_half_of_float32():
    array = np.array([1.0, -2.5, 0.0, 3e38], np.float32)
    bits = (array.view(np.uint32) >> 16).astype(np.uint16)
    rounded = (bits.astype(np.uint32) << 16).view(np.float32)
    for value in (bits, (bits, "bfloat16")):
        found = array_of(read_pickle(pickle.dumps(value, 4), PATH), PATH)
        np.testing.assert_array_equal(found, rounded)


def test_sizes_of_inputs_are_let_through():
    """Trax keeps `ShapeDtype`s with a checkpoint; they are written down and not made."""
    content = (
        b"\x80\x04(\x8c\x0btrax.shapes\x8c\nShapeDtype\x93)\x81"
        b"N}(\x8c\x05shapeK\x02\x85\x8c\x05dtype\x8c\x05numpy\x8c\x05int32\x93u\x86bt."
    )
    (found,) = read_pickle(content, PATH)
    assert isinstance(found, Made)
    assert str(found.what) == "trax.shapes.ShapeDtype"
    assert found.state[1]["shape"] == (2,)


def hostile(mark):
    """Pickles that would each make the file `mark`, were they loaded; and what they name."""
    touch = f"touch {mark}"
    code = f"open({str(mark)!r}, 'w').close()"
    yield "posix.system", Reduced(os.system, (touch,))
    yield "builtins.eval", Reduced(eval, (code,))
    yield "builtins.exec", [1, {"a": (Reduced(exec, (code,)),)}]
    yield "builtins.getattr", Reduced(getattr, (Reduced(__import__, ("os",)), "system"))
    yield "subprocess.Popen", Reduced(subprocess.Popen, (["touch", str(mark)],))
    yield "functools.partial", Reduced(functools.partial(os.system, touch), ())
    yield "io.open", Reduced(open, (str(mark), "w"))
    payload = np.array([Reduced(os.system, (touch,))], dtype=object)
    yield "posix.system", {"flat_weights": [payload]}
    # What is allowed, called with what is not.
    reconstruct = np.ones(1).__reduce__()[0]
    yield "posix.system", Reduced(reconstruct, (Reduced(os.system, (touch,)), (0,), b"b"))
    # Functions of NumPy that do not make arrays.
    for function in (np.load, np.save, np.fromfile, np.frombuffer, np.memmap, np.array):
        yield f"{function.__module__}.{function.__name__}", Reduced(function, (str(mark),))


def test_every_hostile_pickle_would_do_harm_were_it_loaded(tmp_path):
    """Else the next test would show nothing: here the first of them is let do its work."""
    mark = tmp_path / "harm"
    _, value = next(hostile(mark))
    pickle.loads(pickle.dumps(value))
    assert mark.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_a_hostile_pickle_names_is_refused_and_nothing_happens(tmp_path, protocol):
    mark = tmp_path / "harm"
    for name, value in hostile(mark):
        content = pickle.dumps(value, protocol)
        with pytest.raises(DataError) as refused:
            read_pickle(content, PATH)
        text = str(refused.value)
        if protocol > 2:  # whose names are those of Python 2
            assert text.startswith(f"model.pkl.gz: names {name}, which")
        assert ", which no checkpoint of Trax has; a pickle is code" in text
        assert not mark.exists(), name
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "names os.system"),
        (b"(S'true'\nios\nsystem\n.", "instruction STRING"),
        (b"(cos\nsystem\nU\x04trueo.", "names os.system"),
        (b"\x80\x02(cnumpy\nndarray\no.", "instruction OBJ"),
        (b"\x80\x02\x82\x01.", "instruction EXT1"),
        (b"\x80\x02(ios\nsystem\n.", "instruction INST"),
        (b"Pid\n.", "instruction PERSID"),
        (b"\x80\x02NQ.", "instruction BINPERSID"),
        (b"\x80\x05\x97.", "instruction NEXT_BUFFER"),
        (b"\x80\x04cnumpy\nndarray\nN\x86b.", "a whole pickle|no whole pickle"),
        (b"\x80\x04cnumpy\nndarray\n}b.", "fills a Named"),
        (b"\x80\x04]}b.", "fills a list"),
        (b"\x80\x04\x8c\x01a)R.", "calls what is no function"),
        (b"\x80\x04cnumpy\nndarray\n]R.", "calls what is no function"),
        (b"\x80\x04cnumpy\nndarray.__class__\n.", "names numpy.ndarray.__class__"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.data\x93.", "names numpy.ndarray.data"),
        (b"\x80\x04\x8c\x05\x1b[31m\x8c\x01a\x93.", r"names '\\x1b\[31m.a', which"),
        (b"\x80\x04X\xe8\x03\0\0" + b"o" * 1000 + b"\x8c\x01a\x93.", r"names o{100}\.a, which"),
        (b"\x80\x04]\x8c\x01a\x93.", "no whole pickle"),
        (b"\x80\x04})]s.", "no whole pickle"),  # a list as a value's key has no hash
        (b"\x80\x04}(\x8c\x01au.", "no whole pickle"),
        (b"\x80\x04.", "no whole pickle"),
        (b"", "no whole pickle"),
        (b"\x80\x04NN.", "no whole pickle"),
        (b"\x80\x04h\x07.", "no whole pickle"),
        (b"\x80\x04t.", "no whole pickle"),
        (b"\x80\x04\x87.", "no whole pickle"),
        (b"\x80\x04N", "no whole pickle"),
        (b"\xff", "no whole pickle"),
    ],
)
def test_odd_pickles_are_refused(content, message):
    with pytest.raises(DataError, match=message):
        read_pickle(content, PATH)


@given(st.binary(max_size=60))
def test_bytes_of_chance_are_values_or_an_error(content):
    with contextlib.suppress(DataError):
        read_pickle(b"\x80\x04" + content, PATH)


@given(st.data())
def test_a_damaged_checkpoint_is_values_or_an_error(data):
    content = bytearray(pickle.dumps({"flat_weights": [np.ones((2, 3), np.float32)]}, 4))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DataError):
        known = read_pickle(bytes(content), PATH)
        array = None
        with contextlib.suppress(TypeError, LookupError):
            array = known["flat_weights"][0]
        array_of(array, PATH)


def deep(opening, closing, depth=20_000):
    return b"\x80\x04" + opening * depth + b"N" + closing * depth + b"."


def test_depth_has_no_bottom_to_fall_through():
    assert read_pickle(deep(b"", b"\x85"), PATH)  # tuple in tuple in tuple ...
    nested_key = b"\x80\x04}N" + b"\x85" * 20_000 + b"Ns."
    with pytest.raises(DataError, match="a tuple as a key"):
        read_pickle(nested_key, PATH)


def test_what_promises_much_takes_no_room(monkeypatch):
    """Lengths and places far beyond what is there would fill a memory that was made for them."""
    for content in (
        b"\x80\x04\x8e" + (1 << 60).to_bytes(8, "little") + b"abc",
        b"\x80\x04\x8b" + (1 << 30).to_bytes(4, "little") + b"abc",
    ):
        with pytest.raises(DataError, match="no whole pickle"):
            read_pickle(content, PATH)
    monkeypatch.setattr(trax_pickle, "_MOST", 1000)
    with pytest.raises(DataError, match="more than 1,000 instructions"):
        read_pickle(b"\x80\x04" + pickle.EMPTY_SET * 1000 + b".", PATH)
    monkeypatch.undo()
    # A place in the memo is no array's: C's unpickler would make one of 4,294,967,295 entries.
    assert read_pickle(b"\x80\x04Nr\xff\xff\xff\xff.", PATH) is None


def within_itself(times):
    """A tuple of two of the tuple before, and so on: short in a pickle, endless in print."""
    value = ()
    for _ in range(times):
        value = (value, value)
    return value


def test_names_are_texts():
    """To look for a tuple of tuples of tuples ... among those that are known has no end."""
    content = pickle.dumps((within_itself(60), "name"), 4)
    ends = content.index(b"\x86", len(content) - 5)  # where the outermost tuple is made
    with pytest.raises(DataError, match="a tuple where a str should be"):
        read_pickle(content[:ends] + pickle.STACK_GLOBAL + pickle.STOP, PATH)


@pytest.mark.parametrize(
    ("shape", "content", "dtype", "message"),
    [
        ((1 << 40,), b"1234", "f4", "4 bytes for the shape"),
        ((-1,), b"1234", "f4", "is no shape"),
        ((True,), b"1234", "f4", "is no shape"),
        ([1], b"1234", "f4", "is no shape"),
        (within_itself(60), b"1234", "f4", "a tuple that is no shape"),
        ((1,), b"1234", within_itself(60), "numbers of the kind a tuple"),
        ((1,), "1234", "f4", "no bytes but objects"),
        ((1,), [1], "O8", "no bytes but objects"),
        ((1,), b"12345678", "O8", "numbers of the kind 'O8'"),
        ((1,), b"1234", "i4", "numbers of the kind 'i4'"),
        ((0, 1 << 70), b"", "f4", "cannot be read"),
    ],
)
def test_arrays_that_are_none(shape, content, dtype, message):
    reconstruct, arguments, _ = np.ones(1, np.float32).__reduce__()
    kind = Reduced(np.dtype, (dtype, False, True), (3, "<", None, None, None, -1, -1, 0))
    made = Reduced(reconstruct, arguments, (1, shape, kind, False, content))
    value = read_pickle(pickle.dumps(made, 4), PATH)
    with pytest.raises(DataError, match=message):
        array_of(value, PATH)
