"""What a work folder is of, and how far it is: `manifest.json` in it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from gemel.data import QuestionColumns, Source
from gemel.errors import ConfigError, DataError
from gemel.files import path_text, write_text
from gemel.version import __version__

FORMAT_VERSION = 2
"""Grows when the files of a work folder change their meaning."""
_CHUNK = 1 << 20


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of a run; resuming requires an equal one."""

    gemel_version: str
    source: str
    """The file of questions."""
    sha256: str
    """Of its bytes."""
    columns: str
    """How it is read."""
    model: str
    """The model's fingerprint."""
    floor: float
    shard_size: int
    """Questions of a shard."""

    @classmethod
    def of(
        cls, source: Source, columns: QuestionColumns, model: str, floor: float, shard_size: int
    ) -> "Run":
        """Identify a run by what it is given; reads the whole file once."""
        digest = hashlib.sha256()
        with source.path.open("rb") as stream:
            while content := stream.read(_CHUNK):
                digest.update(content)
        return cls(
            gemel_version=__version__,
            source=path_text(source.path.resolve()),
            sha256=digest.hexdigest(),
            columns=str(columns),
            model=model,
            floor=floor,
            shard_size=shard_size,
        )


class Cut(msgspec.Struct, frozen=True):
    """What makes groups of pairs; another cut begins again behind the pairs only."""

    probability: float
    linkage: str


class StageRecord(msgspec.Struct, kw_only=True):
    """What was done in a stage, and what it took."""

    shards: int
    counts: dict[str, int]
    """What its tasks counted, together."""
    seconds: float = 0.0
    """By the clock, of all that it took to finish it."""
    busy: float = 0.0
    """Of all its tasks together."""
    peak_mb: int = 0
    """The most memory, resident, of a process that ran a task of it."""
    written: int = 0
    """Bytes of its files."""
    read: int = 0
    """Bytes of files of other stages that its tasks read."""


class _File(msgspec.Struct, kw_only=True):
    format_version: int
    run: Run
    cut: Cut
    stages: dict[str, StageRecord] = {}


class Manifest:
    """The manifest of a work folder; a stage is listed once all its shards exist.

    Args:
        path: the work folder.
        run: what the run is one of.
        cut: what makes groups.
    """

    def __init__(self, path: Path, run: Run, cut: Cut):
        self.path = path
        self.run = run
        self.cut = cut
        self.stages: dict[str, StageRecord] = {}

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """Read the manifest of a work folder.

        Raises:
            DataError: there is none, or it is damaged or another gemel's.
        """
        file = path / "manifest.json"
        try:
            read = msgspec.json.decode(file.read_bytes(), type=_File)
        except FileNotFoundError as error:
            raise DataError("is no work folder of a large run", path=path) from error
        except (msgspec.MsgspecError, OSError) as error:
            raise DataError(f"is damaged: {error}; begin with a new folder", path=file) from error
        if read.format_version != FORMAT_VERSION:
            raise DataError(
                f"is of format {read.format_version}, not {FORMAT_VERSION}; begin with a new "
                "folder, or take the gemel that wrote it",
                path=file,
            )
        manifest = cls(path, read.run, read.cut)
        manifest.stages = read.stages
        return manifest

    def save(self) -> None:
        """Write it, whole or not at all."""
        content = _File(
            format_version=FORMAT_VERSION, run=self.run, cut=self.cut, stages=self.stages
        )
        plain: Any = msgspec.to_builtins(content)
        write_text(self.path / "manifest.json", json.dumps(plain, indent=1) + "\n")

    def require(self, run: Run) -> None:
        """Check that the run is the same.

        Raises:
            ConfigError: names what differs.
        """
        for name in Run.__struct_fields__:
            was, now = getattr(self.run, name), getattr(run, name)
            if was != now:
                raise ConfigError(
                    f"{self.path}: holds a run of another {name}: {was!r:.80}, now {now!r:.80}; "
                    "name another --work folder, or remove this one"
                )

    def count(self, stage: str, name: str) -> int:
        """Give what a finished stage counted."""
        return self.stages[stage].counts.get(name, 0)
