"""How good duplicate groups are, against groups that are known: by cut and by linkage.

    python benchmarks/groups.py --held-out parts/test.csv --model held-out-model \
        --intents banking77/test.csv

The held-out pairs' own graph says which questions truly ask the same; the model must not have seen
any of them (`gemel split`). Many that do ask the same nobody has labelled, so precision is a lower
bound. Of questions with an intent all of one intent are one group, which is much coarser
than asking the same. Intervals: the true groups drawn with replacement, 1,000 times.
"""

import argparse
import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown
from record import write_result, write_table

import gemel
from gemel.config import LINKAGES
from gemel.data import PairGraph
from gemel.evaluation import score_grouping

CUTS = (0.5, 0.6, 0.7, 0.8, 0.9)
FLOOR = 0.55
ROUNDS = 1000


def held_out(path: Path, model: Any) -> tuple[list[str], Any]:
    """Give the questions of held-out pairs and the duplicate group of each."""
    graph = PairGraph.of(gemel.read_pairs(path), model.model.tokenizer.clean)
    return graph.questions, graph.groups


def with_intents(path: Path) -> tuple[list[str], Any]:
    """Give questions and the number of the intent of each."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    _, numbers = np.unique([intent for _, intent in rows], return_inverse=True)
    return [text for text, _ in rows], numbers


def bcubed_interval(groups: Any, true_groups: Any) -> tuple[float, float]:
    """Give the 95 % interval of B-cubed F1, over draws of true groups."""
    _, found = np.unique(groups, return_inverse=True)
    _, true = np.unique(true_groups, return_inverse=True)
    _, cell = np.unique(found * (true.max() + 1) + true, return_inverse=True)
    shared = np.bincount(cell)[cell]
    parts = [
        shared / np.bincount(found)[found],
        shared / np.bincount(true)[true],
        np.ones(len(true)),
    ]
    sums = np.stack([np.bincount(true, part) for part in parts])
    random = np.random.default_rng(0)
    scores = []
    for _ in range(ROUNDS):
        drawn = sums[:, random.integers(sums.shape[1], size=sums.shape[1])].sum(axis=1)
        precision, recall = drawn[:2] / drawn[2]
        scores.append(2 * precision * recall / (precision + recall))
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def measure(texts: Sequence[str], true_groups: Any, engine: Any) -> list[dict[str, Any]]:
    """Group questions by every cut and linkage, of the same scores."""
    scored = gemel.dedupe(texts, engine, floor=FLOOR, threads=2)
    rows = []
    for cut in CUTS:
        for linkage in LINKAGES:
            found = scored.rethreshold(cut, linkage)
            scores = score_grouping(found.joined, true_groups)
            low, high = bcubed_interval(found.joined, true_groups)
            rows.append(
                {
                    "cut": cut,
                    "linkage": linkage,
                    "groups": len(found.groups),
                    "largest": max(map(len, found.groups), default=1),
                    "pair_precision": scores.pairs.precision,
                    "pair_recall": scores.pairs.recall,
                    "pair_f1": scores.pairs.f1,
                    "bcubed_precision": scores.bcubed_precision,
                    "bcubed_recall": scores.bcubed_recall,
                    "bcubed_f1": scores.bcubed_f1,
                    "bcubed_f1_low": low,
                    "bcubed_f1_high": high,
                }
            )
            print(rows[-1], flush=True)
    return rows


def table(result: dict[str, Any]) -> str:
    """Write what was measured as a table."""
    head = ["questions", "cut", "linkage", "groups", "largest", "pairs: precision", "recall", "F1"]
    head += ["B-cubed: precision", "recall", "F1 (95 %)"]
    rows = []
    for name, part in result["public_data"].items():
        for each in part["rows"]:
            numbers = [f"{each[key]:.3f}" for key in ("pair_precision", "pair_recall", "pair_f1")]
            numbers += [f"{each[key]:.3f}" for key in ("bcubed_precision", "bcubed_recall")]
            low, high = each["bcubed_f1_low"], each["bcubed_f1_high"]
            numbers.append(f"{each['bcubed_f1']:.3f} ({low:.3f} to {high:.3f})")
            counts = [f"{each['groups']:,}", f"{each['largest']:,}"]
            rows.append([name, f"{each['cut']:g}", each["linkage"], *counts, *numbers])
    return markdown(head, rows)


def main() -> None:
    """Run it and write `results/groups.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--held-out", type=Path, required=True, help="pairs the model has not seen")
    parser.add_argument("--model", required=True, help="trained on the other part of the split")
    parser.add_argument("--intents", type=Path, required=True, help="columns text and category")
    options = parser.parse_args()
    engine = gemel.load(options.model)
    corpora = {
        "held-out Quora pairs": held_out(options.held_out, engine),
        "Banking77, test": with_intents(options.intents),
    }
    result = {
        "settings": dataclasses.asdict(engine.model.config),
        "floor": FLOOR,
        "public_data": {
            name: {
                "questions": len(texts),
                "true_groups": len(np.unique(true_groups)),
                "rows": measure(texts, true_groups, engine),
            }
            for name, (texts, true_groups) in corpora.items()
        },
    }
    write_result("groups", "duplicate groups against known ones, by cut and linkage", result)
    write_table("groups", table(result))


if __name__ == "__main__":
    main()
