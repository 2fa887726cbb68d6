"""A Python pickle of arrays read as data: no import, no call.

A pickle is a program. `pickle.Unpickler` is not safe even if `find_class` is restricted: a memo
index allocates any amount of memory, and the hash of deeply nested tuples overflows the stack. So
the few instructions that build values are interpreted here; a call becomes a `Made`, and unknown
names are refused.
"""

import io
import math
import pickletools
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32
from numpy.lib import format as npy

from gemel.errors import DataError

_NUMPY = ("numpy.core", "numpy._core")
_KINDS = ("bool", "uint", "int", "float")
_MOST = 2_000_000
"""Limit of instructions; a checkpoint has a few hundred, and a few per line of its history."""
_WIDTH = 100
KNOWN = {
    *((f"{core}.multiarray", name) for core in _NUMPY for name in ("_reconstruct", "scalar")),
    *((f"{core}.numeric", "_frombuffer") for core in _NUMPY),
    *(("numpy", name) for name in ("ndarray", "dtype", "bool_")),
    *(("numpy", f"{kind}{size}") for kind in _KINDS for size in ("", 8, 16, 32, 64)),
    ("jax._src.array", "_reconstruct_array"),
    ("jax._src.device_array", "reconstruct_device_array"),
    ("trax.shapes", "ShapeDtype"),
}
"""Module and name of everything that may be named: constructors of arrays, and input shapes."""


class Named(NamedTuple):
    """A function or class named by a pickle."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Made:
    """A call in a pickle, recorded and not made."""

    def __init__(self, what: Named, arguments: tuple[Any, ...]):
        self.what = what
        self.arguments = arguments
        self.state: Any = None


def read_pickle(content: bytes, path: Path) -> Any:
    """Read a pickle of protocol 3 to 5; memory stays within a few times its size, plus 500 MB.

    Returns:
        Numbers, texts, bytes, lists, tuples, dictionaries and sets, and `Made`.

    Raises:
        DataError: it names something not `KNOWN`, is damaged, or has too many instructions.
    """
    machine = _Machine(path)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(content)):
            if count == _MOST:  # a byte makes a set of 200
                raise DataError(
                    f"has more than {_MOST:,} instructions; weights need fewer; "
                    "refused as a memory bomb",
                    path=path,
                )
            machine.do(opcode.name, argument)
        (value,) = machine.stack
    except DataError:
        raise
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise DataError(f"is no whole pickle: {error}", path=path) from error
    return value


class _Machine:
    """The stack of values of a pickle's instructions."""

    def __init__(self, path: Path):
        self.path = path
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        """Execute an instruction."""
        if name in _PUSHED:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name == "GLOBAL":
            self._name(*argument.split(" ", 1))
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise DataError(
                f"holds the instruction {name}, which no checkpoint of Trax has; a pickle is code, "
                "so nothing in it was run",
                path=self.path,
            )

    def _name(self, module: str, name: str) -> None:
        if (module, name) not in KNOWN:
            named = f"{module[:_WIDTH]}.{name[:_WIDTH]}"
            raise DataError(
                # A terminal would obey what cannot be printed.
                f"names {named if named.isprintable() else ascii(named)}, "
                "which no checkpoint of Trax has; a pickle is code that "
                "may do anything once it is loaded, so nothing in it was run. If the file is not "
                "your own, do not load it elsewhere either",
                path=self.path,
            )
        self.stack.append(Named(module, name))

    def name_from_stack(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._name(_require(module, str), _require(name, str))

    def mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def call(self, _: Any) -> None:
        arguments, what = self.stack.pop(), self.stack.pop()
        if not isinstance(what, Named) or type(arguments) is not tuple:
            raise DataError(
                "calls what is no function by name; a pickle is code, so nothing in it was run",
                path=self.path,
            )
        self.stack.append(Made(what, arguments))

    def fill(self, _: Any) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, Made):
            raise DataError(
                f"fills a {type(made).__name__}, which no checkpoint of Trax does; a pickle is "
                "code, so nothing in it was run",
                path=self.path,
            )
        made.state = state

    def tuple_of(self, count: int) -> None:
        start = len(self.stack) - count
        if start < 0:
            raise ValueError("too few values for a tuple")
        self.stack[start:] = [tuple(self.stack[start:])]

    def extend(self, values: list[Any]) -> None:
        _require(self.stack[-1], list).extend(values)

    def set_items(self, values: list[Any]) -> None:
        target = _require(self.stack[-1], dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[_key(key)] = value

    def add(self, values: list[Any]) -> None:
        _require(self.stack[-1], set).update(map(_key, values))

    def remember(self, place: int | None = None) -> None:
        self.memo[len(self.memo) if place is None else place] = self.stack[-1]

    def recall(self, place: int) -> None:
        self.stack.append(self.memo[place])


def _require(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"a {type(value).__name__} where a {kind.__name__} should be")
    return value


def _key(value: Any) -> Any:
    """Refuse keys that are not plain: hashing deeply nested tuples overflows the stack."""
    if not isinstance(value, str | bytes | int | float | None):
        raise ValueError(f"a {type(value).__name__} as a key")
    return value


_PUSHED = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": set,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], Any]] = {
    "MARK": _Machine.mark,
    "STACK_GLOBAL": _Machine.name_from_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "BUILD": _Machine.fill,
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "FROZENSET": lambda machine, _: machine.stack.append(
        frozenset(map(_key, machine.since_mark()))
    ),
    "APPEND": lambda machine, _: machine.extend([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.set_items([machine.stack.pop(-2), machine.stack.pop()]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "ADDITEMS": lambda machine, _: machine.add(machine.since_mark()),
    "MEMOIZE": lambda machine, _: machine.remember(),
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
}


_CODES = {"f2", "f4", "f8", "u2"}
_JAX = {"_reconstruct_array", "reconstruct_device_array"}


def array_of(value: Any, path: Path) -> Float32[np.ndarray, "..."]:
    """Make an array of a value of `read_pickle`: of NumPy or JAX, or with "bfloat16" in a tuple.

    Raises:
        DataError: it is no array of numbers.
    """
    if type(value) is tuple and len(value) == 2 and value[1] == "bfloat16":
        value = value[0]
    try:
        shape, kind, content, order = _described(value)
        return _floats(_shaped(content, kind, shape, order))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise DataError(f"an array in it cannot be read: {error}", path=path) from error


def arrays_in_npy(content: bytes, path: Path) -> list[Float32[np.ndarray, "..."]]:
    """Read consecutive arrays in the `.npy` format.

    Raises:
        DataError: they are incomplete, or not of numbers.
    """
    stream = io.BytesIO(content)
    arrays = []
    try:
        while stream.tell() < len(content):
            shape, fortran, dtype = _read_header(stream)
            size = _size(shape) * dtype.itemsize
            # Sized by what is there: a header may promise any number of numbers.
            found = stream.read(min(size, len(content)))
            arrays.append(_floats(_shaped(found, dtype, shape, "F" if fortran else "C")))
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"holds no whole arrays of numbers: {error}", path=path) from error
    return arrays


_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def _read_header(stream: io.BytesIO) -> tuple[Any, bool, np.dtype]:
    """Read shape, order and dtype of the following numbers."""
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format")
    try:
        header: tuple[Any, bool, np.dtype] = _HEADERS[version](stream)
    # NumPy parses it as Python, whose parser has many ways to give up.
    except (SyntaxError, tokenize.TokenError, LookupError, RecursionError, MemoryError) as error:
        raise ValueError("a header that is none") from error
    return header


def _described(value: Any) -> tuple[Any, np.dtype, bytes, Any]:
    """Return shape, dtype, content and order of a pickled array."""
    if not isinstance(value, Made):
        raise ValueError(f"a {type(value).__name__} where an array should be")
    if value.what.name in _JAX:  # an array of NumPy's in other clothes
        function, arguments, state = value.arguments[:3]
        if not isinstance(function, Named) or type(arguments) is not tuple:
            raise ValueError("an array of JAX that is none of NumPy's")
        value = Made(function, arguments)
        value.state = state
    if value.what.name == "_frombuffer":
        content, dtype, shape, order = value.arguments
    elif value.what.name == "_reconstruct":
        _, shape, dtype, is_fortran, content = value.state
        order = "F" if is_fortran else "C"
    else:
        raise ValueError(f"{value.what} where an array should be")
    if not isinstance(content, bytes | bytearray):
        raise ValueError("its numbers are no bytes but objects")
    return shape, _dtype(dtype), bytes(content), order


def _dtype(value: Any) -> np.dtype:
    if not isinstance(value, Made) or value.what.name != "dtype":
        raise ValueError("its kind of number is not named")
    code, order = value.arguments[0], value.state[1]
    if type(code) is not str or code not in _CODES or order not in ("<", ">", "=", "|"):
        raise ValueError(f"numbers of the kind {_shown(code)}; expected floats")
    return np.dtype(f"{order}{code}")


def _shaped(content: bytes, dtype: np.dtype, shape: Any, order: str) -> np.ndarray:
    size = _size(shape) * dtype.itemsize
    if size != len(content):
        raise ValueError(f"{len(content):,} bytes for the shape {shape}, which needs {size:,}")
    if order not in ("C", "F"):
        raise ValueError(f"an unknown order of numbers, {_shown(order)}")
    return np.frombuffer(content, dtype).reshape(shape, order=order)  # type: ignore[call-overload,no-any-return]


def _size(shape: Any) -> int:
    if type(shape) is not tuple or not all(type(axis) is int and axis >= 0 for axis in shape):
        raise ValueError(f"a {type(shape).__name__} that is no shape")
    return math.prod(shape)


def _shown(value: Any) -> str:
    """Return a text, or the type of anything else: printing nested tuples may not end."""
    return f"{value!r:.20}" if type(value) is str else f"a {type(value).__name__}"


def _floats(array: np.ndarray) -> Float32[np.ndarray, "..."]:
    """Return numbers as float32; uint16 has the bits of bfloat16."""
    if array.dtype == np.uint16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    if array.dtype.kind != "f":
        raise ValueError(f"numbers of the kind {array.dtype}; expected floats")
    with np.errstate(over="ignore"):  # what is too great becomes infinite, and is refused as such
        return array.astype(np.float32)
