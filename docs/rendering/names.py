"""The page of the public names of `gemel`."""

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType

import gemel
import gemel.api
from rendering.source import signature_of, summary_of

__all__ = ["names_page"]

_BEGINNING = """# Python

<!-- Made by `make docs-pages` from the docstrings; edit those, not this page. -->

Every command has a function; those of a corpus are methods of the index that `gemel.open_index`
returns. Names are imported on first use, so `import gemel` is fast.

```python
import gemel

engine = gemel.load()  # the model that ships; or gemel.load("my-model")
verdict = engine.predict("How do I cook rice?", "Best way to cook rice?")
print(verdict.answer, verdict.probability)
vectors = engine.encode(["How do I cook rice?", "Best way to cook rice?"])  # unit vectors
print(vectors[0] @ vectors[1])  # their cosine
```

All errors that gemel raises on purpose are `gemel.GemelError`, and also a builtin error such as
`ValueError` or `OSError`.
"""
_TITLES = {
    "data": "Data",
    "config": "Settings and options",
    "evaluation": "Evaluation",
    "decision": "Decision",
    "inference": "Prediction",
    "folder": "Model folders",
    "corpus": "Corpus",
    "store": "Stores",
    "duplicates": "Duplicate groups",
    "mining": "Hard negatives",
    "scale": "Large runs",
    "public_data": "Public data",
    "exchange": "Other tools",
    "errors": "Errors",
}
_MODULES = {
    "gemel.layers": "Layers with Trax's names; needs the extra [train].",
    "gemel.siamese_networks": "The notebook's names; needs the extra [train].",
    "gemel.sklearn": "Estimators for scikit-learn; needs the extra [sklearn].",
}


def names_page() -> str:
    """Return the page as Markdown."""
    return _BEGINNING + "\n".join(_parts())


def _parts() -> Iterator[str]:
    packages: dict[str, tuple[str, ...]] = {}
    for name in dir(gemel):
        package = gemel._MODULES[name].split(".")[1]
        if package != "version":
            packages[package] = (*packages.get(package, ()), name)
    verbs = packages.pop("api")
    yield "\n## Functions\n"
    yield from _table(verbs)
    for package in sorted(packages, key=[*_TITLES, *packages].index):
        yield f"\n## {_TITLES.get(package, f'gemel.{package}')}\n"
        yield from _table(packages[package])
    for module, said in _MODULES.items():
        yield f"\n## {module}\n\n{said}\n"
        loaded = importlib.import_module(module)
        names = (name for name in loaded.__all__ if callable(getattr(loaded, name)))
        yield from _table(tuple(names), loaded)
    yield "\n## Functions in full\n"
    yield f"```text\n{inspect.getdoc(gemel.api)}\n```\n"
    for name in verbs:
        function = getattr(gemel, name)
        yield f"### gemel.{name}\n"
        yield f"```python\n{signature_of(f'gemel.{name}', function)}\n```\n"
        yield f"```text\n{inspect.getdoc(function)}\n```\n"


def _table(names: tuple[str, ...], module: ModuleType = gemel) -> Iterator[str]:
    yield "| name | description |\n| --- | --- |"
    for name in names:
        said = summary_of(getattr(module, name)).replace("|", "\\|")
        yield f"| `{name}` | {said} |"
