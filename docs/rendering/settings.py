"""The page of the settings: every one, with its default and what its text says."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gemel
from gemel.config import REFINING, Config
from gemel.service.limits import Limits
from rendering.source import attribute_texts, summary_of

__all__ = ["settings_page"]

_CONFIGS = Path(gemel.__file__).parent / "configs"
_BEGINNING = """# Settings

<!-- Made by `make docs-pages` from gemel/config; edit the texts there, not this page. -->

Settings are for training, and lie in the model folder ever after. They come from a TOML file, from
the command line, or from Python; some come with gemel and go by name. What is not named keeps its
default, and a name that does not exist is refused, with the nearest that does:

```
gemel train pairs.csv --out my-model --config few --set training.epochs=4
```

```toml
[network]
head = 128

[training]
loss = "joint"
epochs = 12
```

```python
import gemel

settings = gemel.Config.from_toml("few").replace(["training.epochs=4"])
gemel.train("pairs.csv", "my-model", config=settings)
```
"""
_ENDING = """
## Elsewhere

| what | how it is set |
| --- | --- |
| the decision of a model that is there | `gemel fit`, see [Commands](commands.md#gemel-fit) |
| what computes, and on how many cores | `--backend`, `--threads`; `OMP_NUM_THREADS` for training |
| the file that the notebook's `DataLoader` reads | the environment's `QUORA_TRAIN` |
| processes that learn together | what torchrun sets, see [Scale](scale.md) |
"""


def settings_page() -> str:
    """Give the page, in Markdown."""
    return _BEGINNING + "\n".join([*_files(), *_sections(), *_refining(), *_limits()]) + _ENDING


def _files() -> Iterator[str]:
    yield "\n## Settings that come with gemel\n"
    yield "| name | what they are for |\n| --- | --- |"
    for path in sorted(_CONFIGS.glob("*.toml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        said = " ".join(line.removeprefix("#").strip() for line in _comment(lines))
        yield f"| [`{path.stem}`](../gemel/configs/{path.name}) | {said} |"
    yield ""


def _comment(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line


def _sections() -> Iterator[str]:
    for section in dataclasses.fields(Config):
        kind: Any = section.type
        texts = attribute_texts(kind)
        yield f"## [{section.name}]\n\n{summary_of(kind)}\n"
        yield "| setting | kind | default | what |\n| --- | --- | --- | --- |"
        for field in dataclasses.fields(kind):
            default = json.dumps(field.default)
            said = texts[field.name].replace("|", "\\|")
            name = getattr(field.type, "__name__", field.type)
            yield f"| `{section.name}.{field.name}` | {name} | `{default}` | {said} |"
        yield ""


def _refining() -> Iterator[str]:
    yield "## What `gemel train --add` changes\n"
    yield "A few pairs on top of a model are learned with the model's own settings, but for:\n"
    yield from (f"- `{assignment}`" for assignment in REFINING)
    yield ""


def _limits() -> Iterator[str]:
    texts = attribute_texts(Limits)
    yield "## Limits of the service\n"
    yield "`gemel serve --limit NAME=NUMBER`; past each the answer is an error that names it.\n"
    yield "| limit | default | what |\n| --- | --- | --- |"
    for field in dataclasses.fields(Limits):
        yield f"| `{field.name}` | `{field.default}` | {texts[field.name]} |"
    yield ""
