"""How fast training is, beside a plain PyTorch loop: the same network, loss, words and pairs.

    python benchmarks/training.py --train quora/train.csv

A step: 256 pairs of questions of 16 words, no padding. An epoch: all that the main job trains on,
each in its own way: gemel on both kinds of pairs, with their batches drawn and dealt on the way;
the plain loop on the duplicates alone, sorted by length beforehand. The two take turns.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from layout import markdown
from machine import require_idle
from plain_loop import Encoder, pad, triplet
from record import write_result, write_table

import gemel
from gemel.data import Batch, Batches, PairGraph, hold_out
from gemel.models import SiameseModel
from gemel.text import Tokenizer
from gemel.training.reporters import Silent
from gemel.training.trainer import Trainer

HERE = Path(__file__).parent
ROUNDS = 5
STEPS = 60
BATCH, LENGTH = 256, 16


class Plain:
    """The loop anybody would write."""

    def __init__(self, words: int, dim: int, margin: float):
        self.encoder = Encoder(words, dim)
        self.optimizer = torch.optim.Adam(self.encoder.parameters(), lr=1e-3)
        self.margin = margin

    def step(self, left: torch.Tensor, right: torch.Tensor) -> None:
        """Take one step."""
        loss = triplet(self.encoder(left), self.encoder(right), self.margin)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


class Work:
    """The pairs of the main job, and what both ways make of them."""

    def __init__(self, path: Path, config: gemel.Config):
        pairs = gemel.read_pairs(path)
        split = hold_out(PairGraph.of(pairs), config.training.validation_fraction, 0)
        self.training = pairs.select(split.parts == 1)
        self.config = config
        self.tokenizer = Tokenizer().learn(
            self.training.texts, self.training.counts, min_count=config.text.min_count
        )
        self.words = len(self.tokenizer.vocabulary)


def new_trainer(work: Work, batch_size: int = BATCH) -> Trainer:
    """Make gemel's, of the notebook's network: unknown words are one word."""
    graph = PairGraph.of(work.training, work.tokenizer.clean)
    table = work.tokenizer.encode_all(graph.questions)
    batches = Batches(table, graph, work.training.labels, batch_size=batch_size)
    model = SiameseModel(work.words, work.config.network.d_model, "train")

    def never() -> Any:
        raise AssertionError("an epoch is taken by hand")

    trainer = Trainer(model, batches, work.config.training, never, Silent())
    trainer.model.model.train()
    return trainer


def made_up(words: int, count: int) -> Iterator[Batch]:
    """Draw batches of a length, the words as often as in language."""
    random = np.random.default_rng(0)
    shares = 1 / np.arange(10, words + 10)
    shares /= shares.sum()
    for _ in range(count):
        ids = random.choice(words - 2, size=(2 * BATCH, LENGTH), p=shares[2:] / shares[2:].sum())
        yield Batch(
            inputs=(ids + 2,),
            groups=np.arange(BATCH),
            negative_groups=np.empty(0, np.int64),
            negative_anchors=np.empty(0, np.int64),
            labelled=np.ones(BATCH, bool),
        )


def timed(way: Callable[[], None]) -> float:
    """Give its seconds."""
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def measure_steps(work: Work) -> dict[str, Any]:
    """Have both take steps over the same ids."""
    config = work.config
    trainer = new_trainer(work)
    plain = Plain(work.words, config.network.d_model, config.training.margin)
    batches = list(made_up(work.words, STEPS))
    halves = [torch.from_numpy(each.inputs[0]).split(BATCH) for each in batches]

    def ours() -> None:
        for batch in batches:
            trainer._step(batch, 1e-3)

    def theirs() -> None:
        for left, right in halves:
            plain.step(left, right)

    ours()
    theirs()
    speeds: dict[str, list[float]] = {"gemel": [], "plain": []}
    for _ in range(ROUNDS):
        for name, way in (("gemel", ours), ("plain", theirs)):
            speeds[name].append(STEPS * BATCH / timed(way))
            print(f"step, {name}: {speeds[name][-1]:,.0f} pairs/s", flush=True)
    return {name: summary(each) for name, each in speeds.items()}


def measure_epochs(work: Work) -> dict[str, Any]:
    """Have both take epochs, batches included."""
    config = work.config
    trainer = new_trainer(work)
    plain = Plain(work.words, config.network.d_model, config.training.margin)
    same = work.training.select(work.training.labels)
    left = [work.tokenizer.encode(text) for text in same.left_texts]
    right = [work.tokenizer.encode(text) for text in same.right_texts]
    order = sorted(range(len(left)), key=lambda i: max(len(left[i]), len(right[i])))
    parts = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    speeds: dict[str, list[float]] = {"gemel": [], "plain": []}
    for number in range(3):
        started, pairs, questions = time.perf_counter(), 0, 0
        for batch in trainer.batches.epoch(number):
            trainer._step(batch, 1e-3)
            pairs += len(batch)
            questions += sum(batch.sizes)
        speeds["gemel"].append(questions / (time.perf_counter() - started))
        started = time.perf_counter()
        np.random.default_rng(number).shuffle(parts)
        for rows in parts:
            plain.step(pad([left[i] for i in rows]), pad([right[i] for i in rows]))
        speeds["plain"].append(2 * len(left) / (time.perf_counter() - started))
        for name, each in speeds.items():
            print(f"epoch, {name}: {each[-1]:,.0f} questions/s", flush=True)
    return {name: summary(each) for name, each in speeds.items()}


def summary(each: list[float]) -> dict[str, int]:
    """Give the median, and from where to where."""
    return {
        "median": round(statistics.median(each)),
        "lowest": round(min(each)),
        "highest": round(max(each)),
    }


def table(result: dict[str, Any]) -> str:
    """Write what was measured as a table."""
    rows = []
    for name, unit in (("step", "pairs a second"), ("epoch", "questions a second")):
        found = result[name]
        cells = (
            f"{each['median']:,} ({each['lowest']:,} to {each['highest']:,})"
            for each in (found["gemel"], found["plain"])
        )
        ratio = found["gemel"]["median"] / found["plain"]["median"]
        rows.append([f"{name}, {unit}", *cells, f"{ratio:.2f}"])
    return markdown(["what", "gemel", "plain loop", "ratio"], rows)


def main() -> None:
    """Run it and write `results/training.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="labelled pairs")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if not options.busy:
        require_idle()
    work = Work(options.train, gemel.Config.from_toml(HERE.parent / "configs" / "notebook.toml"))
    result = {"words": work.words, "step": measure_steps(work), "epoch": measure_epochs(work)}
    print(result)
    what = "questions or pairs a second while training, beside a plain loop, taking turns"
    write_result("training", what, result)
    write_table("training", table(result))


if __name__ == "__main__":
    main()
