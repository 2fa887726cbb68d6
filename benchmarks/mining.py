"""Whether mined negatives help: the same pairs learned as they are, and with one negative more.

    python benchmarks/mining.py --train train.csv --dev dev_natural.csv --work mining-work \
        --config configs/quora.toml --pairs 20000 --name quora

A tenth of the drawn pairs chooses the epoch and the rest is learned from. The model of that rest
mines one negative for each anchor, from the questions of the rest; pairs and negatives are then
learned together, from the beginning. Differences are on the same resamples of the dev file.
"""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from draws import nested
from layout import markdown, points, signed, spread
from paired import Sampled, by_halves, resample
from reading import add_column_options, columns_of
from record import write_result, write_table
from train_once import Printer

import gemel
from gemel.api.corpus_functions import mine
from gemel.config.mining_rules import MiningRules
from gemel.data import PairGraph, hold_out, merge_pairs
from gemel.mining.mined import Mined
from gemel.training import learn

AP = "average_precision"
COLUMNS = {AP: "AP", "accuracy": "accuracy"}
RULES = {
    "the nearest": MiningRules(count=1),
    "probability at most 0.5": MiningRules(count=1, max_probability=0.5),
    "relative margin 0.05": MiningRules(count=1, relative_margin=0.05),
}


def with_negatives(
    pairs: gemel.Pairs, model: gemel.Model, rules: MiningRules, path: Path
) -> tuple[gemel.Pairs, Mined]:
    """Mine, and put the negatives behind the pairs; what the pairs hold already is not added."""
    mined = mine(pairs, path, model, rules=rules, form="labeled-pair", threads=2, overwrite=True)
    found = gemel.read_pairs(path)
    # Pairs come last, so that no label of theirs is changed.
    return merge_pairs([found.select(~found.labels), pairs]), mined


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", required=True, type=Path, help="pairs to draw from")
    parser.add_argument("--dev", required=True, type=Path, help="pairs to measure on, by halves")
    parser.add_argument("--work", required=True, type=Path, help="a folder for what is mined")
    parser.add_argument("--config", required=True, help="settings to train with")
    parser.add_argument("--pairs", type=int, default=20_000, help="how many to draw")
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES))
    parser.add_argument("--seed", type=int, default=0, help="of the draw and of the training")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--name", required=True, help="of the data, for the results")
    add_column_options(parser)
    return parser.parse_args()


def main() -> None:
    """Write `results/mining_NAME.json` and `.md`."""
    options = parse()
    options.work.mkdir(parents=True, exist_ok=True)
    config = gemel.Config.from_toml(options.config).replace([f"training.seed={options.seed}"])
    every = gemel.read_pairs(options.train, columns_of(options))
    dev = gemel.read_pairs(options.dev, columns_of(options))
    drawn = every.select(nested(every, [options.pairs], options.seed)[0])
    held = hold_out(PairGraph.of(drawn), 0.1, options.seed).parts == 0
    pairs, validation = drawn.select(~held), drawn.select(held)

    def train(pairs: gemel.Pairs, name: str) -> tuple[gemel.Model, dict[str, Sampled]]:
        model = learn(pairs, config, validation=validation, reporter=Printer(name))
        scores = gemel.Engine(model).similarity(dev.left_texts, dev.right_texts)
        return model, resample(*by_halves(dev, scores), rounds=options.rounds)

    model, plain = train(pairs, "as they are")
    rows = [["as they are", f"{len(pairs):,}", points(pairs.prevalence), spread(plain[AP].figure)]]
    rows[0] += ["", spread(plain["accuracy"].figure), ""]
    arms: list[dict[str, Any]] = []
    for name in options.rules:
        path = options.work / f"{name.replace(' ', '-')}.jsonl"
        more, mined = with_negatives(pairs, model, RULES[name], path)
        figures = train(more, name)[1]
        gains = {key: (figures[key] - plain[key]).figure for key in COLUMNS}
        arms.append(
            {
                "rules": name,
                "pairs": len(more),
                "prevalence": more.prevalence,
                "mined": {k: v for k, v in dataclasses.asdict(mined).items() if k != "path"},
                "figures": {key: dataclasses.asdict(figures[key].figure) for key in COLUMNS},
                "gained": {key: dataclasses.asdict(gain) for key, gain in gains.items()},
            }
        )
        row = [name, f"{len(more):,}", points(more.prevalence)]
        for key in COLUMNS:
            row += [spread(figures[key].figure), signed(gains[key])]
        rows.append(row)
        print(f"{name}: AP {signed(gains[AP])}", flush=True)
    head = ["negatives", "pairs", "ask the same, %", "AP", "gained", "accuracy", "gained"]
    write_table(f"mining_{options.name}", markdown(head, rows))
    write_result(
        f"mining_{options.name}",
        "average precision and accuracy on the dev file, with and without one mined negative",
        {
            "data": options.train.name,
            "dev": options.dev.name,
            "config": Path(options.config).name,
            "seed": options.seed,
            "pairs": len(pairs),
            "validation": len(validation),
            "as_they_are": {key: dataclasses.asdict(plain[key].figure) for key in COLUMNS},
            "arms": arms,
        },
    )


if __name__ == "__main__":
    main()
