"""What `gemel doctor --deep` looks at besides: whether a network can learn here."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gemel.cli.health import Finding, find

_TOPICS = ("cat", "dog", "car", "tea", "sun", "map", "hat", "pen")
_SMALL = (
    *("network.d_model=8", "training.epochs=1", "training.batch_size=16"),
    *("training.validation_fraction=0.2", 'training.device="cpu"'),
)


def examine_learning() -> Iterator[Finding]:
    """Import torch, look for a graphics card, and train a very small network."""
    yield from find("torch", _torch)


def _torch() -> Iterator[Finding]:
    from gemel.cli.extras import installed_version

    if installed_version("torch") is None:
        yield Finding("torch", "not installed", "absent", "pip install 'gemel[train]'")
        return
    started = time.monotonic()
    import torch

    took = time.monotonic() - started
    yield Finding(
        "torch", f"{torch.__version__}, {torch.get_num_threads()} threads, imported in {took:.1f} s"
    )
    yield from find("graphics card", _card)
    yield from find("training", _training)


def _card() -> Iterator[Finding]:
    from gemel.training.device import choose_device

    device, problem = choose_device("auto")
    if problem:
        yield Finding("graphics card", problem, "bad", 'or go without: --set training.device="cpu"')
    elif device.type == "cpu":
        yield Finding("graphics card", "none; training takes the processor")
    else:
        import torch

        yield Finding("graphics card", torch.cuda.get_device_name(device))


def _training() -> Iterator[Finding]:
    from gemel import api
    from gemel.config import Config

    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemel-doctor-")))
        rows = ["question1,question2,is_duplicate"]
        for n in range(64):
            left, right = _TOPICS[n % 8], _TOPICS[(n if n % 2 else n // 8) % 8]
            rows.append(f"where is the {left} {n}?,I look for a {right} {n},{int(left == right)}")
        pairs = place / "pairs.csv"
        pairs.write_text("\n".join(rows), encoding="utf-8")
        api.train(pairs, place / "model", config=Config().replace(_SMALL))
        api.load(place / "model").predict("where is the cat?", "I look for a cat")
    yield Finding("training", f"learned from 64 pairs in {time.monotonic() - started:.1f} s")
