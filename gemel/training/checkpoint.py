"""An unfinished training on disk: one file, replaced whole, with no code in it.

A safetensors file: weights, Adam's moments and the best epoch's weights as tensors; where the
training stands, and what it is a training of, as JSON in the file's metadata. The state of chance
is in it too: every random number is drawn from the seed, the epoch and the batch.
"""

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gemel.errors import ConfigError, DataError, FolderError, TrainingError
from gemel.files import write_bytes
from gemel.training.curve import LossCurve
from gemel.training.identity import Identity
from gemel.training.reporters import EpochSummary
from gemel.training.state import TrainingState
from gemel.training.trainer import Trainer

__all__ = ["Checkpoint", "save_checkpoint"]

FORMAT_VERSION = 1
"""Grows when an older gemel could no longer read the file."""


class Checkpoint:
    """A file that `save_checkpoint` wrote.

    Args:
        path: the file.

    Raises:
        FolderError: no such file, not a checkpoint, cut short, or of another format.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            with safe_open(path, framework="pt") as file:
                known = json.loads((file.metadata() or {}).get("gemel", "{}"))
                self.tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if known.get("format_version") != FORMAT_VERSION:
                raise FolderError(
                    f"{path}: not a checkpoint that this gemel can read "
                    f"(format {known.get('format_version')}, expected {FORMAT_VERSION}); "
                    "add --overwrite to begin again"
                )
            self.identity = msgspec.convert(known["identity"], Identity)
            self.bfloat16 = msgspec.convert(known["bfloat16"], bool)
            self.values = msgspec.convert(known["state"], _Values)
        except FileNotFoundError as error:
            raise FolderError(f"{path}: no such checkpoint") from error
        except (SafetensorError, ValueError, KeyError) as error:
            raise FolderError(
                f"{path}: not a checkpoint, or cut short ({error}); add --overwrite to begin again"
            ) from error

    def restore(self, trainer: Trainer, identity: Identity) -> None:
        """Put a trainer where the checkpoint's stood.

        Args:
            trainer: one made of the same pairs and settings.
            identity: of its training.

        Raises:
            ConfigError: the settings are others.
            DataError: the pairs are others, or in another order.
            FolderError: the tensors do not fit.
        """
        setting = identity.changed_setting(self.identity)
        if setting:
            raise ConfigError(f"{self.path}: {setting}; {_AGAIN}")
        data = identity.changed_data(self.identity)
        if data:
            raise DataError(f"{data}; {_AGAIN}", path=self.path)
        try:
            self._restore(trainer)
        except (KeyError, RuntimeError, ValueError) as error:
            message = " ".join(str(error).split())
            raise FolderError(f"{self.path}: damaged: {message}") from error

    def _restore(self, trainer: Trainer) -> None:
        values = self.values
        trainer.bfloat16 = self.bfloat16
        trainer.model.processor.load_state_dict(_part(self.tensors, "weights"))
        moments = [_part(self.tensors, f"adam.{n}") for n in range(len(trainer.parameters))]
        if any(moments):
            groups = trainer.optimizer.state_dict()["param_groups"]
            state = {number: dict(moment) for number, moment in enumerate(moments)}
            trainer.optimizer.load_state_dict({"state": state, "param_groups": groups})
        trainer.state = TrainingState(
            **{name: getattr(values, name) for name in _COUNTERS},
            curve=LossCurve(**values.curve),
            history=values.history,
            best={name: value.numpy() for name, value in _part(self.tensors, "best").items()},
        )


def save_checkpoint(path: Path, trainer: Trainer, identity: Identity) -> None:
    """Write down where a trainer stands; the file that was there stays until this one is whole.

    Raises:
        TrainingError: the disk is full, or the place is read-only.
    """
    state = trainer.state
    tensors: dict[str, Tensor] = {}
    for name, value in trainer.model.processor.state_dict().items():
        tensors[f"weights.{name}"] = value
    for number, moment in trainer.optimizer.state_dict()["state"].items():
        for name, value in moment.items():
            tensors[f"adam.{number}.{name}"] = value
    for name, array in state.best.items():
        tensors[f"best.{name}"] = torch.from_numpy(array)
    known = {
        "format_version": FORMAT_VERSION,
        "identity": dataclasses.asdict(identity),
        "bfloat16": trainer.bfloat16,
        "state": {
            **{name: getattr(state, name) for name in _COUNTERS},
            "curve": vars(state.curve),
            "history": [dataclasses.asdict(summary) for summary in state.history],
        },
    }
    content = safetensors.torch.save(tensors, {"gemel": json.dumps(known)})
    try:
        write_bytes(path, content)
    except OSError as error:
        there = "; the last one is whole: go on from it with --resume" if path.exists() else ""
        raise TrainingError(
            f"{path}: cannot write the checkpoint: {error.strerror}{there}"
        ) from error


def remove_leftovers(path: Path) -> None:
    """Remove what a process that was killed while it wrote this checkpoint left beside it."""
    for leftover in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(OSError):
            leftover.unlink()


_COUNTERS = ("epoch", "batch", "step", "loss", "pairs", "seconds")
_AGAIN = "go on with what it was, or add --overwrite to begin again"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Values:
    epoch: int
    batch: int
    step: int
    loss: float
    pairs: int
    seconds: float
    curve: dict[str, Any]
    history: list[EpochSummary]


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}
