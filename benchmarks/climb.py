"""The rows of the climb: one idea, one config file; and the models trained for it."""

from dataclasses import dataclass
from pathlib import Path

import gemel

__all__ = ["CLIMB", "Row", "read_rows"]

CLIMB = Path(__file__).parent / "climb"
"""Where the rows lie, as `NN-name.toml`."""


@dataclass(frozen=True)
class Row:
    """An idea."""

    name: str
    description: str
    """The comment on the first line of its file, if there is one."""
    config: gemel.Config

    def with_seed(self, seed: int) -> gemel.Config:
        """Give its settings with another seed."""
        return self.config.replace([f"training.seed={seed}"])

    def folder(self, work: Path, seed: int) -> Path:
        """Name the folder of the model with that seed."""
        return work / f"{self.name}-seed{seed}"

    def finished(self, work: Path) -> list[int]:
        """Find the seeds that a model was trained with, in their order."""
        start = f"{self.name}-seed"
        found = (path.name.removeprefix(start) for path in work.glob(f"{start}*") if path.is_dir())
        return sorted(int(seed) for seed in found if seed.isdecimal())


def read_rows(folder: Path = CLIMB) -> list[Row]:
    """Read the rows in the order of their names."""
    return [
        Row(path.stem, _first_comment(path), gemel.Config.from_toml(path))
        for path in sorted(folder.glob("*.toml"))
    ]


def _first_comment(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""
