"""Checkpoints of unfinished trainings: one file, replaced atomically, without code.

A safetensors file: weights, their average, Adam's moments and the best epoch's weights as tensors;
training state and identity as JSON in the metadata. All random numbers derive from seed, epoch and
batch, so no generator state is stored.
"""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import msgspec
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gemel.errors import ConfigError, DataError, FolderError, TrainingError
from gemel.files import write_bytes
from gemel.models import get_weights
from gemel.training.reporters import EpochSummary
from gemel.training.trainer import Trainer
from gemel.training.training_identity import TrainingIdentity
from gemel.training.training_state import LossCurve, TrainingState

FORMAT_VERSION = 1
"""Increased when an older gemel could no longer read the file."""
_AGAIN = "resume what it was, or add --overwrite to begin again"

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Number = Annotated[int, msgspec.Meta(ge=1)]


class _Curve(msgspec.Struct):
    stride: _Number
    losses: list[float]
    total: float
    waiting: _Count


class _CheckpointState(msgspec.Struct):
    epoch: _Number
    batch: _Count
    step: _Count
    loss: float
    pairs: _Count
    seconds: float
    elapsed: float
    curve: _Curve
    history: list[EpochSummary]


class _Known(msgspec.Struct):
    """Content of the metadata."""

    identity: TrainingIdentity
    bfloat16: bool
    state: _CheckpointState


class _Version(msgspec.Struct):
    format_version: int


class Checkpoint:
    """A checkpoint file.

    Args:
        path: the file.
        content: its content as from `take_down`, if known.

    Raises:
        FolderError: missing, not a checkpoint, truncated, or of another format.
    """

    def __init__(self, path: Path, content: tuple[dict[str, Tensor], str] | None = None):
        self.path = path
        try:
            self.tensors, known = content or _read(path)
            version = msgspec.json.decode(known, type=_Version).format_version
            if version != FORMAT_VERSION:
                raise ValueError(f"format {version}, not {FORMAT_VERSION}")
            self.known = msgspec.json.decode(known, type=_Known)
        except FileNotFoundError as error:
            raise FolderError(f"{path}: no such checkpoint") from error
        except (SafetensorError, OSError, ValueError, RecursionError) as error:
            raise FolderError(
                f"{path}: not a checkpoint of this gemel, or cut short ({error}); "
                "add --overwrite to begin again"
            ) from error

    def restore(self, trainer: Trainer, identity: TrainingIdentity) -> None:
        """Restore a trainer of the same training.

        Raises:
            ConfigError: other settings.
            DataError: other pairs, or another order.
            FolderError: inconsistent content.
        """
        setting = identity.changed_setting(self.known.identity)
        if setting:
            raise ConfigError(f"{self.path}: {setting}; {_AGAIN}")
        data = identity.changed_data(self.known.identity)
        if data:
            raise DataError(f"{data}; {_AGAIN}", path=self.path)
        self._require_sense(trainer)
        self._require_tensors(trainer)
        trainer.bfloat16 = self.known.bfloat16
        for name, part in trainer.parts.items():
            part.load_state_dict(self._part(name))
        if trainer.average:
            averaged = self._part("average")
            trainer.average.values = [
                averaged[str(number)].to(trainer.device) for number in _numbers(trainer)
            ]
        if self.known.state.step:
            moments = {number: self._part(f"adam.{number}") for number in _numbers(trainer)}
            groups = trainer.optimizer.state_dict()["param_groups"]
            trainer.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        state = msgspec.structs.asdict(self.known.state)
        trainer.state = TrainingState(
            **state | {"curve": LossCurve(**msgspec.structs.asdict(self.known.state.curve))},
            best={name: tensor.numpy() for name, tensor in self._part("best").items()},
        )

    def _part(self, prefix: str) -> dict[str, Tensor]:
        start = f"{prefix}."
        return {
            name[len(start) :]: tensor
            for name, tensor in self.tensors.items()
            if name.startswith(start)
        }

    def _require_sense(self, trainer: Trainer) -> None:
        """Check that the position is possible."""
        state = self.known.state
        epochs = [summary.epoch for summary in state.history]
        if (
            epochs != list(range(1, state.epoch))
            or state.epoch > trainer.settings.epochs + 1
            or (state.batch > 0) != (state.pairs > 0)
            or state.step < state.batch
        ):
            raise FolderError(f"{self.path}: damaged: it is at a place that cannot be; {_AGAIN}")

    def _require_tensors(self, trainer: Trainer) -> None:
        """Check names, shapes and types of tensors, and that they are finite."""
        expected = _shapes(trainer, self.known.state)
        if self.tensors.keys() != expected.keys():
            odd = sorted(self.tensors.keys() ^ expected.keys())
            raise FolderError(f"{self.path}: damaged: {odd[0]} is there or missing; {_AGAIN}")
        for name, shape in expected.items():
            tensor = self.tensors[name]
            found = tuple(tensor.shape)
            if found != shape or tensor.dtype != torch.float32 or not tensor.isfinite().all():
                raise FolderError(
                    f"{self.path}: damaged: {name} is {tensor.dtype} of shape {found}, or not "
                    f"finite; expected float32 of shape {shape}; {_AGAIN}"
                )


def take_down(trainer: Trainer, identity: TrainingIdentity) -> tuple[dict[str, Tensor], str]:
    """Return the state of a trainer: tensors, and metadata as JSON."""
    state = trainer.state
    tensors = _states(trainer)
    for number, moment in trainer.optimizer.state_dict()["state"].items():
        for name, value in moment.items():
            tensors[f"adam.{number}.{name}"] = value
    for number, value in enumerate(trainer.average.values if trainer.average else ()):
        tensors[f"average.{number}"] = value
    for name, array in state.best.items():
        tensors[f"best.{name}"] = torch.from_numpy(array)
    known = {
        "format_version": FORMAT_VERSION,
        "identity": dataclasses.asdict(identity),
        "bfloat16": trainer.bfloat16,
        "state": {
            **{field: getattr(state, field) for field in _CheckpointState.__struct_fields__},
            "curve": vars(state.curve),
            "history": [dataclasses.asdict(summary) for summary in state.history],
        },
    }
    return tensors, json.dumps(known)


def save_checkpoint(path: Path, trainer: Trainer, identity: TrainingIdentity) -> None:
    """Write a checkpoint atomically.

    Raises:
        TrainingError: the disk is full or read-only.
    """
    tensors, known = take_down(trainer, identity)
    content = safetensors.torch.save(tensors, {"gemel": known})
    try:
        write_bytes(path, content)
    except OSError as error:
        there = "; the last one is whole: continue from it with --resume" if path.exists() else ""
        raise TrainingError(
            f"{path}: cannot write the checkpoint: {error.strerror}{there}"
        ) from error


def _read(path: Path) -> tuple[dict[str, Tensor], str]:
    with safe_open(path, framework="pt") as file:
        known = (file.metadata() or {}).get("gemel", "")
        # Copies: the file may be overwritten while training continues.
        return {name: file.get_tensor(name).clone() for name in file.keys()}, known  # noqa: SIM118


def _states(trainer: Trainer) -> dict[str, Tensor]:
    """Return the parameters of network, head and objective."""
    return {
        f"{part}.{name}": value
        for part, module in trainer.parts.items()
        for name, value in module.state_dict().items()
    }


def _numbers(trainer: Trainer) -> range:
    return range(len(trainer.parameters))


def _shapes(trainer: Trainer, state: _CheckpointState) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor in a trainer's checkpoint."""
    shapes = {name: tuple(value.shape) for name, value in _states(trainer).items()}
    for number in _numbers(trainer) if trainer.average else ():
        shapes[f"average.{number}"] = tuple(trainer.parameters[number].shape)
    for number in _numbers(trainer) if state.step else ():
        shapes[f"adam.{number}.step"] = ()
        for name in ("exp_avg", "exp_avg_sq"):
            shapes[f"adam.{number}.{name}"] = tuple(trainer.parameters[number].shape)
    if state.history:
        for name, array in get_weights(trainer.model.processor, trainer.model.head).items():
            shapes[f"best.{name}"] = array.shape
    return shapes
