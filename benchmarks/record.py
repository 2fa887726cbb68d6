"""How a result is written down: beside what a figure must carry along, without the questions."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from machine import describe

from gemel.evaluation import Report

__all__ = ["RESULTS", "plain_report", "write_result", "write_table"]

RESULTS = Path(__file__).parent / "results"
"""Where the results lie."""


def write_result(
    name: str, what: str, result: dict[str, Any], *packages: str, folder: Path = RESULTS
) -> Path:
    """Write `results/NAME.json`: what was measured, when, where, with which versions, and how."""
    out = folder / f"{name}.json"
    whole = {"what": what, **describe("gemel", "torch", "numpy", *packages), **result}
    out.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(f"{out}: written")
    return out


def write_table(name: str, text: str, folder: Path = RESULTS) -> None:
    """Write `results/NAME.md`, to be read or copied into a page."""
    out = folder / f"{name}.md"
    out.write_text(text, encoding="utf-8")
    print(f"{out}: written")


def plain_report(report: Report) -> dict[str, Any]:
    """Give a report without its mistakes: the questions themselves are not ours to publish."""
    whole = dataclasses.asdict(report) | {"data": Path(report.data).name}
    return {key: value for key, value in whole.items() if not key.startswith("false_")}
