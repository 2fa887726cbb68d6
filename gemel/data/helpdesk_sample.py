"""The help-desk sample as files."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gemel.data.duplicate_graph import PairGraph
from gemel.data.readers import read_pairs
from gemel.data.split_files import SplitPart, copy_rows, describe_parts, require_empty
from gemel.data.splits import NOWHERE
from gemel.files import new_folder
from gemel.samples import HELPDESK, HELPDESK_SETTINGS, HELPDESK_SPLIT

_NAMES = ["train", "held-out"]
_QUESTIONS = "questions.txt"
_SETTINGS = "settings.toml"


@dataclass(frozen=True, kw_only=True)
class SamplePart(SplitPart):
    """A file of the sample."""

    groups: int
    near_misses: int
    """Pairs that look alike and are different."""


@dataclass(frozen=True, kw_only=True)
class SampleReport:
    """Report of the written sample."""

    data: str
    pairs: int
    duplicates: int
    near_misses: int
    near_misses_between: int
    """Near misses between training and held-out groups, in neither file."""
    parts: tuple[SamplePart, ...]
    questions: str
    """File of all questions."""
    settings: str
    """File of settings for so few pairs."""


def write_sample(out: str | Path) -> SampleReport:
    """Write `train.tsv`, `held-out.tsv`, `questions.txt` and `settings.toml` to a new folder."""
    out = Path(out)
    require_empty(out)
    parts = {row["group"]: _NAMES.index(row["part"]) for row in _rows(HELPDESK_SPLIT)}
    rows = _rows(HELPDESK)
    ends = np.array([(parts[row["group1"]], parts[row["group2"]]) for row in rows], np.int32)
    part_of_row = np.where(ends[:, 0] == ends[:, 1], ends[:, 0], NOWHERE)
    is_near_miss = np.array([row["kind"] == "near-miss" for row in rows])
    pairs = read_pairs(HELPDESK)
    paths = [str(out / f"{name}.tsv") for name in _NAMES]
    described = describe_parts(paths, pairs, PairGraph.of(pairs), part_of_row)
    report = SampleReport(
        data=str(HELPDESK),
        pairs=len(pairs),
        duplicates=int(pairs.labels.sum()),
        near_misses=int(is_near_miss.sum()),
        near_misses_between=int((is_near_miss & (part_of_row == NOWHERE)).sum()),
        parts=tuple(
            SamplePart(
                **vars(part),
                groups=list(parts.values()).count(number),
                near_misses=int((is_near_miss & (part_of_row == number)).sum()),
            )
            for number, part in enumerate(described)
        ),
        questions=str(out / _QUESTIONS),
        settings=str(out / _SETTINGS),
    )
    questions = dict.fromkeys(row[side] for row in rows for side in ("question1", "question2"))
    with new_folder(out) as fresh:
        copy_rows(HELPDESK, None, part_of_row, [fresh / Path(path).name for path in paths])
        (fresh / _QUESTIONS).write_text("".join(f"{each}\n" for each in questions), "utf-8")
        shutil.copyfile(HELPDESK_SETTINGS, fresh / _SETTINGS)
    return report


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))
