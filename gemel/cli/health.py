"""What `gemel doctor` looks at, one finding after the other; nothing here imports torch."""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gemel.cli.environment import cgroup_cores, cgroup_memory, machine_memory, versions
from gemel.cli.extras import find_extras
from gemel.cli.notes import notes_console
from gemel.errors import FolderError
from gemel.version import __version__

if TYPE_CHECKING:
    from gemel.inference import Engine

_OLDEST_SQLITE = (3, 35, 0)
"""The first that knows RETURNING."""
_LEAST_ROOM = 100_000_000
_NEW_GEMEL = "pip install --force-reinstall gemel"
_OTHER_PLACE = "make room there, let yourself in, or name another place: TMPDIR=DIR"
_PAIRS = (
    ("How do I cook rice?", "Best way to cook rice?", 0.5331, True),
    ("How do I cook rice?", "How old are you?", 0.0419, False),
)
"""Two questions, their similarity by the model that ships, and whether they ask the same."""
_APART = {"tiles": 2e-2}
"""How far a backend may be from it, if more than `_NEAR`: tiles multiply with 8 bits."""
_NEAR = 1e-3


class Finding(msgspec.Struct, frozen=True):
    """What was found of one thing."""

    name: str
    found: str
    state: str = "ok"
    """"ok"; "absent": it could be had, or be better; "bad": it should work and does not."""
    advice: str = ""
    """What to do or type about it."""


def examine() -> Iterator[Finding]:
    """Look at everything that answering needs, which takes a second or two."""
    yield from (Finding(*pair) for pair in {"gemel": __version__, **versions()}.items())
    for name, look in _LOOKS.items():
        yield from find(name, look)
    yield from _extras()


def find(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Look at one thing; what goes wrong, of whatever kind, is a finding too."""
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
    said = f"{chosen.name}: {chosen.precision}, {chosen.why}"
    if exact.name != chosen.name:
        said += f"; {exact.name} for models with network.masked = false"
    yield Finding("backend", said)
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
            said = str(error).removeprefix(f"backend {name} ")
            yield Finding(f"backend {name}", said, "bad" if wrong else "ok")
        else:
            yield Finding(f"backend {name}", "computes what NumPy does")


def _cores() -> Iterator[Finding]:
    from gemel.inference import available_cores

    cores, limit = available_cores(), cgroup_cores()
    said = f"{cores} of {os.cpu_count() or cores} may be used"
    if limit is None or limit >= cores:
        yield Finding("cores", said)
    else:
        yield Finding(
            "cores",
            f"{said}, but a limit on this container keeps only {limit:g} busy",
            "absent",
            f"--threads {max(1, int(limit))} avoids waiting",
        )
    limits = [each for each in (cgroup_memory(), machine_memory()) if each]
    if limits:
        yield Finding("memory", f"{min(limits) / 1e9:,.1f} GB")


def _model() -> Iterator[Finding]:
    from gemel import api
    from gemel.compiled import find_library
    from gemel.errors import ConfigError
    from gemel.pretrained import DEFAULT_MODEL

    names = ("numpy", "compiled", "tiles") if find_library() is not None else ("numpy",)
    for name in names:
        try:
            engine = api.load(DEFAULT_MODEL, backend=name)
        except ConfigError:  # no such backend here; said above
            continue
        wrong = _wrong_answers(engine, _APART.get(name, _NEAR))
        if wrong:
            yield Finding(f"model, by {name}", wrong, "bad", f"try: {_NEW_GEMEL}")
        else:
            yield Finding(f"model, by {name}", f"{DEFAULT_MODEL} answers as it should")


def _wrong_answers(engine: "Engine", apart: float) -> str:
    """Ask what is known; say what comes out otherwise."""
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
        yield Finding("corpus", "a question was kept, and found again")
    else:
        yield Finding("corpus", f"a question was kept, but what was found is {found}", "bad")


def _places() -> Iterator[Finding]:
    place = tempfile.gettempdir()
    with tempfile.NamedTemporaryFile(dir=place) as file:
        file.write(b"gemel")
        file.flush()
        os.fsync(file.fileno())
    free = shutil.disk_usage(place).free
    said = f"{place} can be written to, {free / 1e9:,.1f} GB free"
    if free < _LEAST_ROOM:
        yield Finding("temporary files", said, "bad", _OTHER_PLACE)
    else:
        yield Finding("temporary files", said)


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
            needs = ", ".join(f"{need.package} {need.installed}" for need in extra.needs)
            yield Finding(name, needs)
            continue
        lacking = ", ".join(
            f"{need.package} {need.wanted}"
            + ("" if need.installed is None else f" (here is {need.installed})")
            for need in extra.needs
            if not need.is_met
        )
        yield Finding(name, f"lacks {lacking}", "absent", extra.command)


_LOOKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "backend": _backends,
    "cores": _cores,
    "model": _model,
    "corpus": _store,
    "temporary files": _places,
    "terminal": _terminal,
}
