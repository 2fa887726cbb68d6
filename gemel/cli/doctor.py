"""`gemel doctor`, and the environment: versions, extras, cores and memory."""

import dataclasses
import importlib.metadata
import os
import platform
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import notes_console, print_result, printable
from gemel.cli.failures import ExitCode
from gemel.cli.options import Json
from gemel.cli.signatures import switch
from gemel.errors import FolderError
from gemel.version import __version__, installed_version

if TYPE_CHECKING:
    from gemel.inference import Engine

_NEED = re.compile(r"([\w.-]+)(?:\[[\w,.-]+\])?\s*([^;]*);.*\bextra\s*==\s*['\"]([\w.-]+)['\"]")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Need:
    """A package of an extra; `wanted` are its versions, such as `>=2.5,<3`."""

    package: str
    wanted: str
    installed: str | None

    @property
    def is_met(self) -> bool:
        """Whether such a version is installed."""
        return self.installed is not None and all(
            _holds(self.installed, bound) for bound in self.wanted.split(",") if bound
        )


@dataclass(frozen=True)
class Extra:
    """An extra of gemel."""

    name: str
    needs: tuple[Need, ...]

    @property
    def is_here(self) -> bool:
        """Whether all its packages are installed."""
        return all(need.is_met for need in self.needs)


def find_extras() -> list[Extra]:
    """Return the extras by name, without importing them; none if gemel is not installed."""
    try:
        lines = importlib.metadata.requires("gemel") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    extras: dict[str, list[Need]] = {}
    for line in lines:
        if found := _NEED.match(line):
            package, wanted, extra = found.groups()
            need = Need(package, wanted.strip(" ()"), installed_version(package))
            extras.setdefault(extra, []).append(need)
    return [Extra(name, tuple(needs)) for name, needs in sorted(extras.items())]


def _holds(version: str, bound: str) -> bool:
    """Return whether a version satisfies a bound; unknown bounds are satisfied."""
    mine, other = _numbers(version), _numbers(bound)
    if ">=" in bound:
        return mine >= other
    return mine < other or "<" not in bound or "=" in bound


def _numbers(text: str) -> tuple[int, ...]:
    """Parse 2.10.0+cpu as (2, 10), equal to 2.10."""
    found = _NUMBER.search(text)
    text = re.sub(r"(\.0+)+$", "", found[0]) if found else "0"
    return tuple(map(int, text.split(".")))


_GROUPS = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60
"""Bytes from which a memory limit means none, as on older kernels."""


def describe_environment() -> Iterator[str]:
    """Yield lines that describe the environment, gemel's version first."""
    from gemel.inference import available_cores, choose_backend

    yield f"gemel {__version__}"
    for name, version in versions().items():
        yield f"{name} {version}"
    backend = choose_backend()
    yield f"backend {backend.name}: {backend.precision}, {backend.why}"
    yield f"threads {available_cores()}"
    here = [extra.name for extra in find_extras() if extra.is_here]
    yield f"extras {', '.join(here) or 'none'}"


def versions() -> dict[str, str]:
    """Return the versions of gemel's dependencies, without importing them."""
    packages = {name: installed_version(name) or "not installed" for name in ("numpy", "torch")}
    python = f"{platform.python_version()} ({platform.python_implementation()}, {sys.executable})"
    return {"python": python, "platform": platform.platform(), **packages}


def cgroup_cores(root: Path = _GROUPS) -> float | None:
    """Return the container's limit of cores, if any; `root`: the kernel's control groups."""
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            texts = " ".join((root / name).read_text() for name in names)
            quota, period = map(int, texts.split())
        except (OSError, ValueError):  # ValueError: "max"
            continue
        return quota / period if quota > 0 and period > 0 else None
    return None


def cgroup_memory(root: Path = _GROUPS) -> int | None:
    """Return the container's limit of memory in bytes, if any."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = int((root / name).read_text())
        except (OSError, ValueError):
            continue
        return limit if limit < _UNLIMITED else None
    return None


def machine_memory() -> int | None:
    """Return the machine's memory in bytes, if known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


_OLDEST_SQLITE = (3, 35, 0)
"""First version with RETURNING."""
_LEAST_ROOM = 100_000_000
_NEW_GEMEL = "pip install --force-reinstall gemel"
_OTHER_PLACE = "free space there, let yourself in, or name another place: TMPDIR=DIR"
_PAIRS = (
    ("How do I cook rice?", "Best way to cook rice?", 0.5331, True),
    ("How do I cook rice?", "How old are you?", 0.0419, False),
)
"""Two questions, their similarity by the model that ships, and whether they ask the same."""


@dataclass(frozen=True)
class Finding:
    """Result of one check: "ok", "absent" (optional and missing) or "bad" (broken)."""

    name: str
    found: str
    state: str = "ok"
    advice: str = ""


def _examine() -> Iterator[Finding]:
    """Check everything that prediction needs."""
    yield from (Finding(*pair) for pair in {"gemel": __version__, **versions()}.items())
    for name, look in _LOOKS.items():
        yield from _find(name, look)
    yield from _extras()


def _find(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Run one check; an exception is a finding too."""
    try:
        yield from look()
    except FolderError as error:
        yield Finding(name, str(error), "bad", f"try: {_NEW_GEMEL}")
    except OSError as error:
        yield Finding(name, f"{type(error).__name__}: {error}", "bad", _OTHER_PLACE)
    except Exception as error:
        yield Finding(name, f"{type(error).__name__}: {error}", "bad", "please report this line")


def _backends() -> Iterator[Finding]:
    from gemel.compiled import find_library
    from gemel.errors import ConfigError
    from gemel.inference import choose_backend

    chosen = choose_backend()
    exact = choose_backend("float32")
    found = f"{chosen.name}: {chosen.precision}, {chosen.why}"
    if exact.name != chosen.name:
        found += f"; {exact.name} for models with network.masked = false"
    yield Finding("backend", found)
    if find_library() is None:
        yield Finding(
            "compiled part",
            "is not there, so answers take several times as long",
            "absent",
            f"install gcc or clang, then: {_NEW_GEMEL}",
        )
        return
    for name in ("compiled", "tiles"):
        try:
            choose_backend(name)
        except ConfigError as error:
            wrong = name == "compiled" or "wrong numbers" in str(error)
            problem = str(error).removeprefix(f"backend {name} ")
            yield Finding(f"backend {name}", problem, "bad" if wrong else "ok")
        else:
            yield Finding(f"backend {name}", "computes what NumPy does")


def _cores() -> Iterator[Finding]:
    from gemel.inference import available_cores

    cores, limit = available_cores(), cgroup_cores()
    found = f"{cores} of {os.cpu_count() or cores} may be used"
    if limit is None or limit >= cores:
        yield Finding("cores", found)
    else:
        found += f", but a limit on this container keeps only {limit:g} busy"
        yield Finding("cores", found, "absent", f"--threads {max(1, int(limit))} avoids waiting")
    if limits := [each for each in (cgroup_memory(), machine_memory()) if each]:
        yield Finding("memory", f"{min(limits) / 1e9:,.1f} GB")


def _model() -> Iterator[Finding]:
    from gemel import api
    from gemel.compiled import find_library
    from gemel.errors import ConfigError
    from gemel.pretrained import DEFAULT_MODEL

    for name in ("numpy", "compiled", "tiles") if find_library() is not None else ("numpy",):
        try:
            engine = api.load(DEFAULT_MODEL, backend=name)
        except ConfigError:  # no such backend here; given above
            continue
        # Tiles multiply with 8 bits.
        if wrong := _wrong_answers(engine, 2e-2 if name == "tiles" else 1e-3):
            yield Finding(f"model, by {name}", wrong, "bad", f"try: {_NEW_GEMEL}")
        else:
            yield Finding(f"model, by {name}", f"{DEFAULT_MODEL} answers as it should")


def _wrong_answers(engine: "Engine", apart: float) -> str:
    """Return wrong answers to known questions."""
    for left, right, similarity, is_duplicate in _PAIRS:
        verdict = engine.predict(left, right)
        if abs(verdict.similarity - similarity) > apart or verdict.is_duplicate != is_duplicate:
            return (
                f"“{left}” and “{right}”: {verdict.answer}, similarity {verdict.similarity:.4f}; "
                f"expected {similarity}"
            )
    texts = [left for left, *_ in _PAIRS]
    first, again = engine.encode(texts), engine.encode(texts)
    return "" if first.tobytes() == again.tobytes() else "reads the same question in two ways"


def _store() -> Iterator[Finding]:
    from gemel import api

    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        yield Finding("SQLite", version, "bad", "3.35 is needed: take a newer Python")
        return
    yield Finding("SQLite", version)
    question, other = _PAIRS[0][:2]
    with tempfile.TemporaryDirectory(prefix="gemel-doctor-") as folder:
        db = str(Path(folder, "site.db"))
        with api.open_index(db) as index:
            index.add(question, id="q1")
        with api.open_index(db, create=False) as index:
            found = index.check(other)
    if [match.question.text for match in found if match.verdict.is_duplicate] == [question]:
        yield Finding("corpus", "a question was stored, and found again")
    else:
        yield Finding("corpus", f"a question was stored, but what was found is {found}", "bad")


def _places() -> Iterator[Finding]:
    place = tempfile.gettempdir()
    with tempfile.NamedTemporaryFile(dir=place) as file:
        file.write(b"gemel")
        file.flush()
        os.fsync(file.fileno())
    free = shutil.disk_usage(place).free
    found = f"{place} can be written to, {free / 1e9:,.1f} GB free"
    if free < _LEAST_ROOM:
        yield Finding("temporary files", found, "bad", _OTHER_PLACE)
    else:
        yield Finding("temporary files", found)


def _terminal() -> Iterator[Finding]:
    console = notes_console()
    kind = f"TERM={os.environ.get('TERM', '')}"
    if not sys.stderr.isatty():
        kind = "standard error is none"
    colours = "with colours" if console.color_system else "without colours"
    if os.environ.get("NO_COLOR"):
        colours += ", as NO_COLOR asks"
    yield Finding("terminal", f"{kind}; {colours}; {console.encoding}")


def _extras() -> Iterator[Finding]:
    for extra in find_extras():
        name = f"[{extra.name}]"
        if extra.is_here:
            yield Finding(
                name, ", ".join(f"{each.package} {each.installed}" for each in extra.needs)
            )
            continue
        lacking = ", ".join(
            f"{each.package} {each.wanted}"
            + (f" (here is {each.installed})" if each.installed else "")
            for each in extra.needs
            if not each.is_met
        )
        yield Finding(name, f"lacks {lacking}", "absent", f"pip install 'gemel[{extra.name}]'")


_LOOKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "backend": _backends,
    "cores": _cores,
    "model": _model,
    "corpus": _store,
    "temporary files": _places,
    "terminal": _terminal,
}


_TOPICS = ("cat", "dog", "car", "tea", "sun", "map", "hat", "pen")
_SMALL = (
    *("network.d_model=8", "training.epochs=1", "training.batch_size=16"),
    *("training.validation_fraction=0.2", 'training.device="cpu"'),
)


def _torch() -> Iterator[Finding]:
    from gemel.version import installed_version

    if installed_version("torch") is None:
        yield Finding("torch", "not installed", "absent", "pip install 'gemel[train]'")
        return
    started = time.monotonic()
    import torch

    took = time.monotonic() - started
    yield Finding(
        "torch", f"{torch.__version__}, {torch.get_num_threads()} threads, imported in {took:.1f} s"
    )
    yield from _find("graphics card", _card)
    yield from _find("training", _training)


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
    with tempfile.TemporaryDirectory(prefix="gemel-doctor-") as folder:
        place = Path(folder)
        rows = ["question1,question2,is_duplicate"]
        for n in range(64):
            left, right = _TOPICS[n % 8], _TOPICS[(n if n % 2 else n // 8) % 8]
            rows.append(f"where is the {left} {n}?,I look for a {right} {n},{int(left == right)}")
        pairs = place / "pairs.csv"
        pairs.write_text("\n".join(rows), encoding="utf-8")
        api.train(pairs, place / "model", config=Config().replace(_SMALL))
        api.load(place / "model").predict("where is the cat?", "I look for a cat")
    yield Finding("training", f"trained on 64 pairs in {time.monotonic() - started:.1f} s")


def doctor(
    deep: Annotated[bool, switch("Import torch too, and train a tiny network.", "--deep")] = False,
    as_json: Json = False,
) -> None:
    """Check what this installation can do.

    Checks versions, backends, cores, extras, the model that ships, a temporary corpus, and the
    terminal. The exit code is 1 if something is broken; a missing extra is not.

    Example: gemel doctor --deep
    """
    findings = list(_examine())
    if deep:
        findings += _find("torch", _torch)
    states = Counter(each.state for each in findings)
    bad = states["bad"]
    entry = {"well": not bad, "findings": [dataclasses.asdict(each) for each in findings]}
    print_result(entry, _text(findings, states), as_json=as_json)
    if bad:
        raise typer.Exit(ExitCode.NO)


def _text(findings: "list[Finding]", states: Mapping[str, int]) -> Iterator[str]:
    width = max(len(each.name) for each in findings)
    for each in findings:
        mark = {"absent": "-", "bad": "BAD"}.get(each.state, "ok")
        yield f"{mark:3}  {each.name:{width}}  {printable(each.found)}"
        if each.advice:
            yield f"{'':{width + 5}}  {each.advice}"
    yield ""
    bad = states["bad"]
    if bad:
        yield f"{bad} thing{' does' if bad == 1 else 's do'} not work: see BAD above"
    elif states["absent"]:
        yield "all is well; what has a - is not here, and can be had"
    else:
        yield "all is well"
