"""The main job on real pairs: train `configs/notebook.toml`, measure by halves, write it down.

    python benchmarks/main_job.py --train quora/train.csv wang2017_dev.tsv dev_natural.csv

A plain PyTorch loop is trained beside it: the same network, loss, words and validation split, four
epochs over the duplicates in batches of 256.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import require_idle
from plain_loop import Encoder, train_plain
from record import plain_report, write_result
from train_once import Printer

import gemel
from gemel.data import Pairs, hold_out
from gemel.data.duplicate_graph import PairGraph
from gemel.evaluation import Report, evaluate, judge_by_halves
from gemel.text import Tokenizer, TokenTable, encode_texts, pair_cosines

HERE = Path(__file__).parent


def plain_model(pairs: Pairs, config: gemel.Config) -> tuple[Encoder, Tokenizer, float]:
    """Train the plain loop on the pairs that gemel trains on."""
    split = hold_out(PairGraph.of(pairs), config.training.validation_fraction, config.training.seed)
    training = pairs.select(split.parts == 1)
    tokenizer = Tokenizer().learn(training.texts, training.counts, min_count=config.text.min_count)
    same = training.select(training.labels)
    encoder, seconds = train_plain(
        [tokenizer.encode(text) for text in same.left_texts],
        [tokenizer.encode(text) for text in same.right_texts],
        len(tokenizer.vocabulary),
        dim=config.network.d_model,
        margin=config.training.margin,
    )
    return encoder, tokenizer, seconds


def plain_score(encoder: Encoder, tokenizer: Tokenizer, dim: int) -> Any:
    """Score pairs with the plain encoder."""

    def encode_table(table: TokenTable) -> Any:
        vectors = np.empty((len(table), dim), np.float32)
        order = np.argsort(table.lengths, kind="stable")
        with torch.inference_mode():
            for rows in np.array_split(order, -(-len(order) // 256)):
                vectors[rows] = encoder(torch.from_numpy(table.pad(rows))).numpy()
        return vectors

    def score(left: Any, right: Any) -> Any:
        vectors = encode_texts([*left, *right], tokenizer, encode_table, dim)
        return pair_cosines(*np.split(vectors, 2))

    return score


def show(name: str, report: Report) -> None:
    """Print a line of figures."""
    figures = "  ".join(
        f"{key} {figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"
        for key, figure in report.figures.items()
    )
    print(f"{name} on {Path(report.data).name}: {figures}", flush=True)


def main() -> None:
    """Run it and write `benchmarks/results/main_job.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True, help="pairs to train on")
    parser.add_argument("--config", default=HERE.parent / "configs" / "notebook.toml")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    parser.add_argument("tests", nargs="+", help="pairs to measure on, by halves")
    options = parser.parse_args()
    if not options.busy:
        require_idle()
    config = gemel.Config.from_toml(options.config)
    pairs = gemel.read_pairs(options.train)
    tests = [gemel.read_pairs(path) for path in options.tests]

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model = gemel.train(options.train, Path(folder) / "m", config=config, reporter=Printer())
        seconds = time.perf_counter() - started
    engine = gemel.Engine(model)
    speeds = [epoch["pairs_per_second"] for epoch in model.training["epochs"]]
    ours = sum(model.training["training_pairs"] / speed for speed in speeds)
    encoder, tokenizer, plain = plain_model(pairs, config)
    score = plain_score(encoder, tokenizer, config.network.d_model)

    result: dict[str, Any] = {
        "config": config.to_mapping(),
        "seconds_from_file_to_folder": round(seconds, 1),
        "training_seconds": round(ours, 1),
        "training_seconds_plain_loop": round(plain, 1),
        "pairs_per_second": round(float(np.mean(speeds))),
        "reports": [],
    }
    for test in tests:
        for name, scorer in (("gemel", engine.similarity), ("plain loop", score)):
            report = evaluate(judge_by_halves(test, scorer))
            show(name, report)
            result["reports"].append(plain_report(report) | {"model": name})
    what = "configs/notebook.toml, each half of a test file judged by the other's threshold"
    write_result("main_job", what, result)
    print(
        f"{seconds:.0f} s from file to folder, {ours:.1f} s of it training; "
        f"the plain loop trained {plain:.1f} s"
    )


if __name__ == "__main__":
    main()
