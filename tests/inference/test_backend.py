import numpy as np
import pytest

from gemel import ConfigError, Engine
from gemel.compiled import Library
from gemel.config import BACKENDS, NetworkConfig
from gemel.folder import save_model
from gemel.inference import backend
from gemel.inference.backend import choose_backend
from gemel.scale.manifest import _engine

UNMASKED = NetworkConfig(masked=False)
ASKED = ["How old are you?", "What is your age?", "Is Python 3.12 quicker than 3.11?", "ok", "wyh?"]
FLOAT32 = {"rtol": 0, "atol": 1e-5}


@pytest.fixture(autouse=True)
def afresh():
    backend._compiled.cache_clear()
    yield
    backend._compiled.cache_clear()


class Wrong(Library):
    """Says that the processor can do all there is, and computes nothing."""

    def __init__(self):
        pass

    def call(self, name, numbers, *arrays):
        return 15 if name == "gemel_kinds" else 0


@pytest.fixture(scope="module")
def shipped():
    """The model that ships, and its exact vectors."""
    engine = Engine.load("quora-en", backend="numpy")
    return engine.model, engine.encode(ASKED)


def test_numpy_can_be_asked_for():
    chosen = choose_backend("numpy")
    assert (chosen.name, chosen.why, chosen.precision) == ("numpy", "asked for", "float32")


def test_without_a_library_numpy_computes(on_processor):
    on_processor("none")
    assert_numpy_computes("without its compiled part")


def test_where_a_library_computes_wrong_numbers_numpy_does(monkeypatch):
    monkeypatch.setattr(backend, "open_library", Wrong)
    assert_numpy_computes("wrong numbers")


def assert_numpy_computes(why):
    for name in ("auto", "float32"):
        chosen = choose_backend(name)
        assert chosen.name == "numpy"
        assert why in chosen.why
    for name in ("compiled", "tiles"):
        with pytest.raises(ConfigError, match=f"backend {name} cannot be had: .*{why}"):
            choose_backend(name)


def test_auto_takes_bfloat16_only_where_no_exact_numbers_are_promised(processor):
    float32 = "numpy" if processor == "none" else "compiled"
    fastest = "tiles" if processor == "amx" else float32
    assert choose_backend().name == choose_backend("auto", NetworkConfig()).name == fastest
    assert choose_backend().precision == ("bfloat16" if processor == "amx" else "float32")
    for exact in (choose_backend("auto", UNMASKED), choose_backend("float32")):
        assert (exact.name, exact.precision) == (float32, "float32")
        assert ("quickest" in exact.why) == (processor != "none")


def test_what_is_asked_for_by_name_is_given_or_refused(processor):
    for name, needs in (("tiles", {"amx"}), ("compiled", {"amx", "avx512", "avx2", "plain"})):
        if processor in needs:
            assert choose_backend(name, UNMASKED).name == name
        else:
            with pytest.raises(ConfigError, match=f"backend {name} cannot be had"):
                choose_backend(name)


def test_float32_gives_numpys_vectors_on_every_processor(processor, shipped):
    model, exact = shipped
    engine = Engine(model, backend="float32")
    assert engine.backend.precision == "float32"
    np.testing.assert_allclose(engine.encode(ASKED), exact, **FLOAT32)


def test_auto_stays_within_the_bound_of_tiles(processor, shipped):
    model, exact = shipped
    vectors = Engine(model).encode(ASKED)
    assert (vectors * exact).sum(axis=1).min() > 0.9999
    if processor == "amx":  # the test can tell tiles from float32
        assert np.abs(vectors - exact).max() > FLOAT32["atol"]


def test_tasks_of_a_large_run_compute_in_float32(on_processor, shipped, tmp_path):
    """They may run on machines with different processors."""
    on_processor("amx")
    assert choose_backend().name == "tiles"
    save_model(shipped[0], tmp_path / "model")
    assert _engine.__wrapped__(tmp_path / "model", "").backend.name == "compiled"


def test_there_are_no_others():
    assert list(BACKENDS) == ["auto", "float32", "tiles", "compiled", "numpy"]
    with pytest.raises(
        ConfigError, match="one of auto, float32, tiles, compiled, numpy, not 'cuda'"
    ):
        choose_backend("cuda")
