"""Trainings that stand for good: what was trained is not trained again, what was killed goes on."""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from machine import describe

import gemel
from gemel.training import EpochSummary, Silent

__all__ = ["Printer", "provenance", "train_once"]


class Printer(Silent):
    """Says what happens, line by line.

    Args:
        name: of the training, where there are several.
    """

    def __init__(self, name: str = ""):
        self.start = f"{name}: " if name else ""

    def note(self, text: str) -> None:
        """Print it."""
        print(f"{self.start}{text}", flush=True)

    warn = note

    def epoch(self, summary: EpochSummary) -> None:
        """Print the epoch's numbers."""
        self.note(str(dataclasses.asdict(summary)))


def train_once(
    pairs: gemel.Pairs,
    folder: Path,
    config: gemel.Config | None = None,
    *,
    start: gemel.Model | None = None,
) -> gemel.Model:
    """Train into a folder, go on with a training that was killed, or open what stands there.

    Where, when and on how busy a machine lies beside the folder, in `NAME.trained.json`.

    Args:
        pairs: what to train on; validation pairs are held out of them.
        folder: of the model.
        config: settings; those of `start`, or the defaults, if None.
        start: a model to go on from.
    """
    config = config or (start.config if start else gemel.Config())
    if folder.exists():
        model = gemel.load(folder).model
        _require_settings(folder, model, config)
        earlier = start.training["data"] if start else None
        if model.training["data"] != pairs.digest or earlier not in (
            model.training["earlier_data"] or [None]
        ):
            sys.exit(f"{folder}: was trained on other pairs; remove it to train it again")
        return model
    folder.parent.mkdir(parents=True, exist_ok=True)
    about = describe("gemel", "torch", "numpy") | {"load_before": round(os.getloadavg()[0], 2)}
    _about(folder).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    reporter = Printer(folder.name)
    try:
        return gemel.train(
            pairs, folder, config=config, start=start, reporter=reporter, resume=True
        )
    except gemel.TrainingStopped:
        sys.exit(f"{folder.name}: stopped; the same command goes on with it")


def provenance(folder: Path) -> Any:
    """Give when and where a model was trained; None: that is not known."""
    path = _about(folder)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _require_settings(folder: Path, model: gemel.Model, config: gemel.Config) -> None:
    """Stop if a model was trained with other settings: it would stand for what it is not."""
    if model.config != config:
        was, now = model.config.to_mapping(), config.to_mapping()
        changed = [
            f"{section}.{name} was {was[section][name]!r}, is {value!r}"
            for section, settings in now.items()
            for name, value in settings.items()
            if was[section][name] != value
        ]
        sys.exit(
            f"{folder}: was trained with other settings ({'; '.join(changed)}); "
            "remove it to train it again, or give the row another name"
        )


def _about(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.trained.json")
