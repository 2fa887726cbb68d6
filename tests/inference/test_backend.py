import numpy as np
import pytest

from gemel import ConfigError, Engine
from gemel.inference import backend
from gemel.inference.backend import choose_backend
from gemel.inference.kernel import Kernel


@pytest.fixture(autouse=True)
def afresh():
    backend._kernel.cache_clear()
    yield
    backend._kernel.cache_clear()


def without_library():
    raise OSError("no such file")


class Wrong(Kernel):
    def __init__(self):
        pass

    def step(self, *arrays, highest):
        for array in arrays[-3:]:
            array[:] = 0.5


def test_numpy_can_be_asked_for(tiny_model):
    engine = Engine(tiny_model, backend="numpy")
    assert (engine.backend.name, engine.backend.why) == ("numpy", "asked for")
    quickest = Engine(tiny_model)
    asked = ["How old are you?", "and you"]
    np.testing.assert_allclose(engine.encode(asked), quickest.encode(asked), atol=1e-6)


@pytest.mark.parametrize(
    ("kernel", "why"),
    [(without_library, "without its compiled part"), (Wrong, "wrong numbers")],
)
def test_without_a_kernel_that_computes_right_numpy_does(monkeypatch, kernel, why):
    monkeypatch.setattr(backend, "open_kernel", kernel)
    chosen = choose_backend()
    assert chosen.name == "numpy"
    assert why in chosen.why
    with pytest.raises(ConfigError, match=f"backend compiled cannot be had: .*{why}"):
        choose_backend("compiled")


def test_the_one_that_is_chosen_says_why():
    if choose_backend().kernel is None:
        pytest.skip("installed without the compiled kernel")
    assert choose_backend("compiled").name == choose_backend().name == "compiled"
    assert "quickest" in choose_backend().why


def test_there_are_no_others():
    with pytest.raises(ConfigError, match="one of auto, compiled, numpy, not 'cuda'"):
        choose_backend("cuda")
