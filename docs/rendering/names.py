"""The page of the names that `import gemel` has."""

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType

import gemel
from rendering.source import signature_of, summary_of

__all__ = ["names_page"]

_BEGINNING = """# Python

<!-- Made by `make docs-pages` from the docstrings; edit those, not this page. -->

What the commands do, functions do: those of a corpus are methods of what `gemel.open_index` gives.
Names come in on first use, so `import gemel` costs next to nothing.

```python
import gemel

engine = gemel.load()  # the model that came with gemel; or gemel.load("my-model")
verdict = engine.predict("How do I cook rice?", "Best way to cook rice?")
print(verdict.answer, verdict.probability)
vectors = engine.encode(["How do I cook rice?", "Best way to cook rice?"])  # of length 1
print(vectors[0] @ vectors[1])  # their cosine
```

All that gemel raises on purpose is a `gemel.GemelError`; each is also the builtin error it is, such
as `ValueError` or `OSError`.
"""
_ROOMS = {
    "data": "What is read, and what is said of it",
    "config": "Settings",
    "evaluation": "What is measured",
    "decision": "Answers",
    "inference": "What answers",
    "folder": "A model on disk",
    "corpus": "A corpus of questions",
    "store": "Stores",
    "duplicates": "Duplicate groups",
    "mining": "Hard negatives",
    "scale": "Large runs",
    "public_data": "Public data",
    "exchange": "Other tools",
    "errors": "Errors",
}
_MODULES = {
    "gemel.layers": "Networks from layers, as the course has them; needs the extra [train].",
    "gemel.siamese_networks": "The notebook's names; needs the extra [train].",
    "gemel.sklearn": "What scikit-learn knows how to use; needs the extra [sklearn].",
}


def names_page() -> str:
    """Give the page, in Markdown."""
    return _BEGINNING + "\n".join(_parts())


def _parts() -> Iterator[str]:
    verbs = gemel._ROOMS["api"]
    yield "\n## Functions\n"
    yield from _table(verbs)
    for room in sorted(gemel._ROOMS.keys() - {"api"}, key=[*_ROOMS, *gemel._ROOMS].index):
        yield f"\n## {_ROOMS.get(room, f'gemel.{room}')}\n"
        yield from _table(gemel._ROOMS[room])
    for module, said in _MODULES.items():
        yield f"\n## {module}\n\n{said}\n"
        loaded = importlib.import_module(module)
        names = (name for name in loaded.__all__ if callable(getattr(loaded, name)))
        yield from _table(tuple(names), loaded)
    yield "\n## The functions in full\n"
    for name in verbs:
        function = getattr(gemel, name)
        yield f"### gemel.{name}\n"
        yield f"```python\n{signature_of(f'gemel.{name}', function)}\n```\n"
        yield f"```text\n{inspect.getdoc(function)}\n```\n"


def _table(names: tuple[str, ...], module: ModuleType = gemel) -> Iterator[str]:
    yield "| name | what |\n| --- | --- |"
    for name in names:
        said = summary_of(getattr(module, name)).replace("|", "\\|")
        yield f"| `{name}` | {said} |"
