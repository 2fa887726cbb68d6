"""How good few pairs and many make a model: from scratch, from another model, and TF-IDF.

    python benchmarks/learning_curve.py --train train.csv --dev dev_natural.csv --work curve-work \
        --config configs/quora.toml --config-small small.toml --from quora-model --name quora

The pairs of one size are among those of the next. They are drawn as `gemel split` deals: whole
components, and of one above 5 % of the pairs whole duplicate groups; or, with --by-row, pair by
pair, as where a few groups would be all there is. Each half of the dev file is judged by the
decision fitted on its other half.
"""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curve_picture import draw_curve
from draws import names_of, nested
from layout import markdown, signed, spread
from paired import Sampled, by_halves, resample
from reading import add_column_options, columns_of
from record import write_result, write_table
from rivals import LENGTHS, RIVALS, rival_scores
from train_once import train_once

import gemel
from gemel.plots.canvas import save_picture

SIZES = (300, 1_000, 3_000, 10_000, 30_000)
DOCS = Path(__file__).parents[1] / "docs"
AP = "average_precision"
COLUMNS = {AP: "AP", "accuracy": "accuracy"}


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """What is trained on each choice of pairs.

    `small` is for at most `small_to` pairs, `further` for going on from `start`.
    """

    config: gemel.Config
    small: gemel.Config | None
    small_to: int
    start: gemel.Model | None
    further: gemel.Config | None
    work: Path

    def scores(self, pairs: gemel.Pairs, dev: gemel.Pairs, size: str) -> dict[str, Any]:
        """Train on pairs and score those of the dev file; by method."""
        small = self.small if len(pairs) <= self.small_to else None
        model = train_once(pairs, self.work / f"scratch-{size}", small or self.config)
        found = {"from scratch": _score(model, dev)}
        if self.start is not None:
            folder = self.work / f"further-{size}"
            model = train_once(pairs, folder, self.further, start=self.start)
            found["from a model"] = _score(model, dev)
        return found | rival_scores(pairs, dev)


def _score(model: gemel.Model, dev: gemel.Pairs) -> Any:
    return gemel.Engine(model).similarity(dev.left_texts, dev.right_texts)


def best_rival(figures: dict[str, dict[str, Sampled]]) -> dict[str, dict[str, Sampled]]:
    """Keep of the rivals the one with the highest average precision, as "TF-IDF"."""
    best = max(RIVALS, key=lambda name: figures[name][AP].value)
    kept = {name: each for name, each in figures.items() if name not in (*RIVALS, LENGTHS)}
    return kept | {"TF-IDF": figures[best], "TF-IDF and lengths": figures[LENGTHS]}


def plain(figures: dict[str, Sampled]) -> dict[str, Any]:
    """Give figures and intervals to be written down."""
    return {name: dataclasses.asdict(each.figure) for name, each in figures.items()}


def gained(figures: dict[str, dict[str, Sampled]], name: str) -> dict[str, Any]:
    """Say by how much a method is above the others."""
    return {
        other: {key: dataclasses.asdict((figures[name][key] - each[key]).figure) for key in COLUMNS}
        for other, each in figures.items()
        if other != name
    }


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", required=True, type=Path, help="pairs to draw from")
    parser.add_argument("--dev", required=True, type=Path, help="pairs to measure on, by halves")
    parser.add_argument("--work", required=True, type=Path, help="a folder for the models")
    parser.add_argument("--config", required=True, help="settings to train with from scratch")
    parser.add_argument("--config-small", help="the same, for few pairs")
    parser.add_argument("--small-to", type=int, default=3_000, help="how many pairs are few")
    parser.add_argument("--from", dest="start", type=Path, help="a model to go on from")
    parser.add_argument("--config-from", help="settings to go on with; those of the model")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="besides all pairs")
    parser.add_argument("--by-row", action="store_true", help="draw pair by pair")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--name", required=True, help="of the data, for the results")
    add_column_options(parser)
    return parser.parse_args()


def main() -> None:
    """Write `results/learning_curve_NAME.json` and `.md`, and `docs/learning-curve-NAME.png`."""
    options = parse()
    trainings = Trainings(
        config=gemel.Config.from_toml(options.config),
        small=options.config_small and gemel.Config.from_toml(options.config_small),
        small_to=options.small_to,
        start=options.start and gemel.load(options.start).model,
        further=options.config_from and gemel.Config.from_toml(options.config_from),
        work=options.work,
    )
    pairs = gemel.read_pairs(options.train, columns_of(options))
    dev = gemel.read_pairs(options.dev, columns_of(options))

    def measure(scores: Any) -> dict[str, Sampled]:
        return resample(*by_halves(dev, scores), rounds=options.rounds)

    as_it_is = measure(_score(trainings.start, dev)) if trainings.start else None
    subject = "from a model" if trainings.start else "from scratch"
    points: list[dict[str, Any]] = []
    rows: list[list[str]] = []
    for chosen, size in zip(
        nested(pairs, options.sizes, options.seed, by_row=options.by_row),
        names_of(options.sizes, len(pairs)),
        strict=True,
    ):
        training = pairs.select(chosen)
        scores = trainings.scores(training, dev, size)
        measured = {name: measure(each) for name, each in scores.items()}
        if as_it_is:
            measured["the model as it is"] = as_it_is
        curves = best_rival(measured)
        points.append(
            {
                "size": size,
                "pairs": len(training),
                "prevalence": training.prevalence,
                "figures": {name: plain(each) for name, each in measured.items()},
                "curves": {name: plain(each) for name, each in curves.items()},
                "gains_of": subject,
                "gains": gained(curves, subject),
            }
        )
        for name, each in curves.items():
            gain = "" if name == subject else signed((curves[subject][AP] - each[AP]).figure)
            figures = [spread(each[key].figure) for key in COLUMNS]
            rows.append([f"{len(training):,}", name, *figures, gain])
        print(f"{len(training):,} pairs: measured", flush=True)
    table = markdown(("pairs", "trained", *COLUMNS.values(), f"AP of “{subject}” over it"), rows)
    print(table)
    result = {
        "train": options.train.name,
        "dev": options.dev.name,
        "dev_pairs": len(dev),
        "dev_prevalence": dev.prevalence,
        "drawn": "by row" if options.by_row else "by component",
        "seed": options.seed,
        "rounds": options.rounds,
        "config": trainings.config.to_mapping(),
        "config_small": trainings.small and trainings.small.to_mapping(),
        "small_to": trainings.small_to,
        "config_from": (trainings.further or trainings.start.config).to_mapping()
        if trainings.start
        else None,
        "points": points,
    }
    name = f"learning_curve_{options.name}"
    what = "from scratch, from a model, and the best TF-IDF with logistic regression, by halves"
    write_result(name, what, result, "scikit-learn")
    write_table(name, table)
    picture = DOCS / f"learning-curve-{options.name}.png"
    save_picture(draw_curve(points, COLUMNS, options.dev.name), picture)
    print(f"{picture}: written")


if __name__ == "__main__":
    main()
