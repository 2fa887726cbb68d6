"""The climb: one row an idea, each measured against the row before it.

    python benchmarks/quality.py --train train.csv --dev wang2017_dev.tsv dev_natural.csv \
        --work climb-work [--only 03-head ...] [--seeds 0 1 2]

--only and --seeds say what is trained; all models that stand in the work folder are measured. A
training that was killed goes on where it was, a finished one is not repeated. Each half of a dev
file is judged by the decision fitted on its other half. A row with several seeds is the mean of
them, and is compared with the row before on the seeds that both have.
"""

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from climb import CLIMB, Row, read_rows
from layout import markdown
from paired import HALVES, Sampled, by_halves, mean_of, resample
from quality_table import COMPARED, Measured, Table
from record import write_result, write_table
from train_once import provenance, train_once

import gemel


def measure(row: Row, work: Path, dev: gemel.Pairs, rounds: int) -> Measured:
    """Measure all models of a row on a dev file: by cosine, and by the head where there is one."""
    measured: Measured = {}
    for seed in row.finished(work):
        engine = gemel.load(row.folder(work, seed))
        scorers = {"cosine": engine.cosine}
        if engine.model.config.network.head:
            scorers["head"] = engine.similarity
        for name, score in scorers.items():
            halves = by_halves(dev, score(dev.left_texts, dev.right_texts))
            measured.setdefault(name, {})[seed] = resample(*halves, rounds=rounds)
    return measured


def gains(now: Measured, before: Measured) -> dict[str, dict[str, Any]]:
    """Compare each scorer with the same of the row before, or with its cosine if it has no other.

    Both are the mean of the seeds that both have; without such seeds there is no comparison.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, seeds in now.items():
        rival = name if name in before else "cosine"
        both = sorted(seeds.keys() & before.get(rival, {}).keys())
        if both:
            found[name] = {"by": rival, "seeds": both} | {
                figure: mean_of([seeds[seed][figure] for seed in both])
                - mean_of([before[rival][seed][figure] for seed in both])
                for figure in COMPARED
            }
    return found


def summary(seeds: Mapping[int, Mapping[str, Sampled]]) -> dict[str, Any]:
    """Give the mean over the seeds with its interval, and the range of the seeds."""
    result: dict[str, Any] = {}
    for name in HALVES:
        values = [figures[name].value for figures in seeds.values()]
        mean = mean_of([figures[name] for figures in seeds.values()]).figure
        result[name] = dataclasses.asdict(mean)
        if len(values) > 1:
            result[name] |= {"least": min(values), "most": max(values)}
    return result


def train_rows(
    rows: Sequence[Row], pairs: gemel.Pairs, work: Path, only: Sequence[str], seeds: Sequence[int]
) -> None:
    """Train what was asked for, and refuse what was trained with settings of another time."""
    for row in rows:
        wanted = (seeds or [row.config.training.seed]) if not only or row.name in only else []
        for seed in [*wanted, *row.finished(work)]:
            train_once(pairs, row.folder(work, seed), row.with_seed(seed))


def seconds_of(row: Row, work: Path) -> list[float]:
    """Give what each training took, from pairs to model."""
    models = (gemel.load(row.folder(work, seed)).model for seed in row.finished(work))
    return [float(model.training["seconds"]) for model in models]


def measure_rows(
    rows: Sequence[Row], work: Path, devs: Sequence[gemel.Pairs], rounds: int
) -> tuple[list[dict[str, Any]], list[Table]]:
    """Measure all rows that are trained, each against the one before."""
    results, tables = [], [Table(dev) for dev in devs]
    before: list[Measured] = [{} for _ in devs]
    over = ""
    for row in rows:
        seconds = seconds_of(row, work)
        result: dict[str, Any] = {
            "row": row.name,
            "description": row.description,
            "config": row.config.to_mapping(),
            "seeds": row.finished(work),
            "training_seconds": seconds,
            "trained": [provenance(row.folder(work, seed)) for seed in row.finished(work)],
            "over": over,
            "dev": [],
        }
        for place, dev in enumerate(devs):
            measured = measure(row, work, dev, rounds)
            gained = gains(measured, before[place])
            tables[place].add(row.name, measured, sum(seconds) / len(seconds), gained)
            result["dev"].append(
                {
                    "data": dev.path.name if dev.path else "pairs",
                    "figures": {name: summary(seeds) for name, seeds in measured.items()},
                    "gains": {
                        name: {
                            key: dataclasses.asdict(value.figure)
                            if isinstance(value, Sampled)
                            else value
                            for key, value in gain.items()
                        }
                        for name, gain in gained.items()
                    },
                }
            )
            before[place] = measured
        over = row.name
        results.append(result)
        print(f"{row.name}: measured", flush=True)
    return results, tables


def main() -> None:
    """Run it and write `benchmarks/results/quality.json` and `quality.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", required=True, help="pairs to train and validate on")
    parser.add_argument("--dev", required=True, nargs="+", help="pairs to measure on, by halves")
    parser.add_argument("--work", required=True, type=Path, help="a folder for the models")
    parser.add_argument("--only", nargs="+", default=[], help="the rows to train; all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[], help="that of the config")
    parser.add_argument("--climb", type=Path, default=CLIMB, help="the folder of the rows")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--name", default="quality", help="of the result")
    options = parser.parse_args()
    rows = read_rows(options.climb)
    if unknown := set(options.only) - {row.name for row in rows}:
        sys.exit(
            f"no row {', '.join(sorted(unknown))}; there are {', '.join(r.name for r in rows)}"
        )
    pairs = gemel.read_pairs(options.train)
    devs = [gemel.read_pairs(path) for path in options.dev]
    train_rows(rows, pairs, options.work, options.only, options.seeds)
    rows = [row for row in rows if row.finished(options.work)]
    results, tables = measure_rows(rows, options.work, devs, options.rounds)
    for table in tables:
        print(table.text)
    result = {"train": Path(options.train).name, "rounds": options.rounds, "rows": results}
    what = "one row an idea, each half of a dev file judged by the decision fitted on the other"
    write_result(options.name, what, result)
    about = [[row.name, row.description] for row in rows]
    pages = "".join(table.markdown for table in tables)
    write_table(options.name, markdown(("row", "idea"), about) + pages)


if __name__ == "__main__":
    main()
