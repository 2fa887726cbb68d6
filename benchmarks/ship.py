"""Makes the model that comes with gemel: trains it, measures it, and writes its card.

    python benchmarks/ship.py --train quora/train.csv --natural dev_natural.csv \
        --wang wang2017_dev.tsv --out gemel/pretrained/quora-en

The folder gets TERMS and a card beside what `gemel train` writes. What was measured is written to
`benchmarks/results/ship.json` too. A model that stands at --out is measured, not trained again.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from card import CARD, ROWS, TERMS, card_front
from record import plain_report, write_result
from train_once import Printer

import gemel
from gemel.evaluation import (
    Report,
    evaluate,
    fit_decision,
    judge_by_halves,
    judge_scored,
    measure_robustness,
)
from gemel.evaluation.robustness import measure_probes

HERE = Path(__file__).parent


def figure_rows(name: str, how: str, report: Report) -> str:
    """Give a line of the card's table."""
    cells = [
        f"{report.figures[row].value:.3f} ({report.figures[row].low:.3f} to "
        f"{report.figures[row].high:.3f})"
        for row in ROWS
    ]
    return f"| {name} | {how} | {' | '.join(cells)} |"


def main() -> None:
    """Train if need be, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True, help="Quora's pairs to train on")
    parser.add_argument("--natural", required=True, help="pairs with Quora's own share of 1")
    parser.add_argument("--wang", required=True, help="the dev part of Wang et al. (2017)")
    parser.add_argument("--config", default=HERE.parent / "configs" / "quora.toml", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    config = gemel.Config.from_toml(options.config)
    if not (options.out / "config.json").exists():
        gemel.train(
            options.train, options.out, config=config, reporter=Printer("quora-en"), resume=True
        )
    engine = gemel.load(options.out)
    if engine.model.config != config:
        parser.error(f"{options.out} was trained with other settings than {options.config}")
    rows, labels, result = [], [], dict[str, Any](config=config.to_mapping(), reports=[])
    natural, wang = gemel.read_pairs(options.natural), gemel.read_pairs(options.wang)
    for pairs, label in ((natural, "natural share"), (wang, "Wang et al. dev")):
        similarity = engine.similarity(pairs.left_texts, pairs.right_texts)
        halves = evaluate(judge_by_halves(pairs, engine.similarity))
        cosine = evaluate(judge_by_halves(pairs, engine.cosine))
        decision, share = engine.model.decision, config.decision.prevalence
        stored = evaluate(judge_scored(pairs, similarity, decision, prevalence=share))
        for how, report in (
            ("as it comes", stored),
            ("threshold of the other half", halves),
            ("cosine, threshold of the other half", cosine),
        ):
            rows.append(figure_rows(label, how, report))
            result["reports"].append(plain_report(report) | {"how": how})
            labels.append(label)
            print(rows[-1], flush=True)
    robust = measure_robustness(
        wang,
        engine.similarity,
        fit_decision(engine.similarity(wang.left_texts, wang.right_texts), wang),
    )
    effects = {effect.name: effect for effect in robust.effects}
    # As users get them: by the stored decision.
    probes = {
        probe.name: probe for probe in measure_probes(engine.similarity, engine.model.decision)
    }
    result["one_edit"] = vars(effects["one_edit"])
    result["probes"] = {
        name: {"told_apart": probe.told_apart, "kept_together": probe.kept_together}
        for name, probe in probes.items()
    }
    size = sum(file.stat().st_size for file in options.out.iterdir())
    card = CARD.format(
        front=card_front(list(zip(labels, result["reports"], strict=True))),
        rows="\n".join(rows),
        edit_before=effects["one_edit"].accuracy_before,
        edit_after=effects["one_edit"].accuracy_after,
        details=probes["details"],
        relations=probes["relations"],
        decision=engine.model.decision,
        training=engine.model.training,
        megabytes=size / 1e6,
        settings=json.dumps(config.to_mapping(), indent=1),
    )
    (options.out / "README.md").write_text(card, encoding="utf-8")
    (options.out / "TERMS").write_text(TERMS, encoding="utf-8")
    write_result("ship", "the model that comes with gemel, on the dev files", result)


if __name__ == "__main__":
    main()
