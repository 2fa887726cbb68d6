import numpy as np
import pytest

from gemel import ConfigError, Engine
from gemel.compiled import Library, find_library, open_library
from gemel.inference import backend
from gemel.inference.backend import choose_backend

compiled = pytest.mark.skipif(find_library() is None, reason="installed without the compiled part")


@pytest.fixture(autouse=True)
def afresh():
    backend._compiled.cache_clear()
    yield
    backend._compiled.cache_clear()


def without_library():
    raise OSError("no such file")


class Wrong(Library):
    """Says that the processor can do all there is, and computes nothing."""

    def __init__(self):
        pass

    def call(self, name, numbers, *arrays):
        return 15 if name == "gemel_kinds" else 0


class Plain(Wrong):
    """Runs on a processor that has nothing special."""

    def call(self, name, numbers, *arrays):
        return 1 if name == "gemel_kinds" else open_library().call(name, numbers, *arrays)


def test_numpy_can_be_asked_for(tiny_model):
    engine = Engine(tiny_model, backend="numpy")
    assert (engine.backend.name, engine.backend.why) == ("numpy", "asked for")
    quickest = Engine(tiny_model)
    asked = ["How old are you?", "and you"]
    cosines = (engine.encode(asked) * quickest.encode(asked)).sum(axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-4)


@pytest.mark.parametrize(
    ("library", "why"),
    [(without_library, "without its compiled part"), (Wrong, "wrong numbers")],
)
def test_without_a_library_that_computes_right_numpy_does(monkeypatch, library, why):
    monkeypatch.setattr(backend, "open_library", library)
    chosen = choose_backend()
    assert chosen.name == "numpy"
    assert why in chosen.why
    for name in ("compiled", "tiles"):
        with pytest.raises(ConfigError, match=f"backend {name} cannot be had: .*{why}"):
            choose_backend(name)


@compiled
def test_the_one_that_is_chosen_says_why():
    assert choose_backend().name in ("tiles", "compiled")
    assert choose_backend("compiled").name == "compiled"
    assert "quickest" in choose_backend().why


@compiled
def test_a_processor_without_tiles_computes_in_float32(monkeypatch, tiny_model):
    monkeypatch.setattr(backend, "open_library", Plain)
    engine = Engine(tiny_model)
    assert engine.backend.name == "compiled"
    with pytest.raises(ConfigError, match="no tiles"):
        choose_backend("tiles")
    asked = ["How old are you?", "and you"]
    exact = Engine(tiny_model, backend="numpy").encode(asked)
    np.testing.assert_allclose(engine.encode(asked), exact, atol=1e-6)


def test_there_are_no_others():
    with pytest.raises(ConfigError, match="one of auto, tiles, compiled, numpy, not 'cuda'"):
        choose_backend("cuda")
