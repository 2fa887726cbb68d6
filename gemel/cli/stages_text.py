"""What the stages of a large run took, in words."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemel.scale import StageRecord


def describe_stages(stages: Mapping[str, "StageRecord"]) -> Iterator[str]:
    """Yield a table: of each stage its shards, time, memory of a process, and disk."""
    names = ("shards", "seconds", "busy", "MB a process", "MB written")
    widths = (8, 10, 10, 15, 13)
    yield "stage     " + "".join(
        f"{name:>{width}}" for name, width in zip(names, widths, strict=True)
    )
    for name, record in stages.items():
        peak = f"{record.peak_mb:,}" if record.peak_mb else ""
        yield (
            f"{name:<10}{record.shards:>8,}{record.seconds:>10,.1f}{record.busy:>10,.1f}"
            f"{peak:>15}{record.written / 1e6:>13,.1f}"
        )
