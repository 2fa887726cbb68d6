"""The page of settings, with default and description."""

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

Settings are for training, and are stored in the model folder. They come from a TOML file, from the
command line, or from Python; some files ship and are selected by name. Settings that are not given
keep their default; an unknown name is an error with the closest known one:

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

| setting | where |
| --- | --- |
| the decision of a model | `gemel fit`, see [Commands](commands.md#gemel-fit) |
| backend and number of threads | `--backend`, `--threads`; `OMP_NUM_THREADS` for training |
| the file of the notebook's `DataLoader` | the environment's `QUORA_TRAIN` |
| training on several processes | torchrun, see [Large runs](scale.md) |
"""


def settings_page() -> str:
    """Return the page as Markdown."""
    return _BEGINNING + "\n".join([*_files(), *_sections(), *_refining(), *_limits()]) + _ENDING


def _files() -> Iterator[str]:
    yield "\n## Settings that ship\n"
    yield "| name | purpose |\n| --- | --- |"
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
        yield "| setting | type | default | description |\n| --- | --- | --- | --- |"
        for field in dataclasses.fields(kind):
            default = json.dumps(field.default)
            said = texts[field.name].replace("|", "\\|")
            name = getattr(field.type, "__name__", field.type)
            yield f"| `{section.name}.{field.name}` | {name} | `{default}` | {said} |"
        yield ""


def _refining() -> Iterator[str]:
    yield "## Changes by `gemel train --add`\n"
    yield "Training on a few pairs uses the model's own settings, except:\n"
    yield from (f"- `{assignment}`" for assignment in REFINING)
    yield ""


def _limits() -> Iterator[str]:
    texts = attribute_texts(Limits)
    yield "## Limits of the service\n"
    yield "`gemel serve --limit NAME=NUMBER`; beyond a limit the answer is an error naming it.\n"
    yield "| limit | default | description |\n| --- | --- | --- |"
    for field in dataclasses.fields(Limits):
        yield f"| `{field.name}` | `{field.default}` | {texts[field.name]} |"
    yield ""
