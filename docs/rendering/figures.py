"""The page of figures, each with its test pairs, from benchmark results."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["figures_page"]

_RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
_BEGINNING = """# Figures and their data

<!-- Made by `make docs-pages` from benchmarks/results; a script in benchmarks/ makes those. -->

Each figure names its test pairs, because the same model has an accuracy of 78 % on one set and 82 %
on another. Files in `benchmarks/results/` have date, processor, versions and commit. In brackets is
the 95% CI from 1,000 resamples of connected components.

## Data sets

| name | pairs | content |
| --- | --- | --- |
| `train` | 167,225 | Quora's question pairs; two thirds ask the same |
| `wang2017_dev` | 10,000 | development pairs of the split in the literature \
(Wang et al. 2017); half ask the same |
| `dev_natural` | 8,000 | Quora's pairs with their natural share of duplicates: 35.9 % |
| five folds | 167,225 | `train`, split by connected component: no question in two folds |
| Banking77 | 27,677 and 11,417 | questions to a bank, same intent or not: training and test |
| help desk | 2,293 and 638 | the sample that ships, written by hand; held-out groups |
| Korean | 6,888 | pairs of short questions, five folds by component |

No pair of a test file is in training. Single questions are, in `wang2017_dev` (36 %) and
`dev_natural` (a third), as in the papers' split; in folds and parts of `gemel split` none is. No
threshold is fitted on its test pairs: *by halves* means that each half, split by component, is
judged by the threshold best on the other; *as shipped* is the threshold in the model.
"""
_NEXT = """
## More

- [Quality](quality.md): ablations, few pairs, another language
- [Search and duplicates](search.md#how-good): groups against known ones, \
retrieval compared with BM25 and MiniLM
- [Review](review.md#what-200-reviewed-pairs-gain): the gain of 200 decisions
- [Speed and growth](speed.md), [the service](service.md#how-fast), [large runs](scale.md)
- [Limits](limits.md): where it fails
"""


def figures_page() -> str:
    """Return the page as Markdown."""
    parts = (_quality(), _leakage(), _details(), _speed())
    return _BEGINNING + "\n".join(line for part in parts for line in part) + "\n" + _NEXT


def _quality() -> Iterator[str]:
    yield "\n## Verdicts and ranking\n"
    yield "| model | pairs | threshold | accuracy | F1 | average precision | from |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    models = {"gemel": "`configs/notebook.toml`", "plain loop": "the same, a plain PyTorch loop"}
    for report in _read("main_job")["reports"]:
        yield _row(models[report["model"]], report, "by halves", "main_job")
    how = {
        "as it comes": "as shipped",
        "threshold of the other half": "by halves",
        "cosine, threshold of the other half": "by halves, cosine alone",
    }
    for report in _read("ship")["reports"]:
        yield _row("`quora-en`", report, how[report["how"]], "ship")
    yield ""
    yield "*As shipped*, pairs are weighted to a prevalence of 37 %, that of the fit."


def _row(model: str, report: dict[str, Any], how: str, name: str) -> str:
    figures = (report["figures"][each] for each in ("accuracy", "f1", "average_precision"))
    cells = (f"{each['value']:.3f} ({each['low']:.3f} to {each['high']:.3f})" for each in figures)
    pairs = f"`{Path(report['data']).stem}`"
    return _cells(model, pairs, how, *cells, _link(name))


def _leakage() -> Iterator[str]:
    result = _read("leakage")
    yield "\n## Splits by component and by row\n"
    yield f"`configs/notebook.toml`, five folds, threshold of the model ({_link('leakage')}):\n"
    yield "| folds | accuracy | F1 | average precision | questions known from training |"
    yield "| --- | --- | --- | --- | --- |"
    for way in ("by_component", "by_row"):
        found = result[way]
        figures = (found[name] for name in ("accuracy", "f1", "average_precision"))
        cells = (f"{each['mean']:.3f} ± {each['plus_minus']:.3f}" for each in figures)
        known = f"{found['questions_seen_in_training']['mean']:.0%}"
        yield _cells(way.replace("_", " "), *cells, known)


def _details() -> Iterator[str]:
    result = _read("ship")
    typed = result["one_edit"]
    yield "\n## Typos and hand-written pairs\n"
    yield f"`quora-en` ({_link('ship')}). One wrong letter in each question of"
    yield f"{typed['pairs']:,} pairs of `wang2017_dev`: accuracy {typed['accuracy_before']:.3f} to"
    yield f"{typed['accuracy_after']:.3f}. Of 400 hand-written pairs, used for nothing else:\n"
    yield "| depends on | different pairs separated | equal pairs joined |"
    yield "| --- | --- | --- |"
    turns = {
        "details": "a number, a name, a place",
        "relations": "an order, a negation, a comparison",
    }
    for kind, found in result["probes"].items():
        shares = (found["told_apart"], found["kept_together"])
        yield _cells(turns[kind], *(f"{share:.0%}" for share in shares))


def _speed() -> Iterator[str]:
    slow, quick = _read("speed"), _read("speed_amx")
    yield "\n## Speed\n"
    yield f"{slow['questions']:,} distinct questions of `train`, text to unit vectors, 2 cores,"
    yield f"questions a second ({_link('speed')}, {_link('speed_amx')}):\n"
    yield f"| encoder | {slow['processor']} | {quick['processor']}, AMX |"
    yield "| --- | --- | --- |"
    for name, each in slow["encoding"].items():
        speeds = (each, quick["encoding"][name])
        yield _cells(name, *(f"{speed['questions_per_second']:,}" for speed in speeds))
    first, service = _read("first_answer"), _read("service")
    groups = next(g for g in _read("corpus")["groups"] if g["questions"] == 219_947)["gemel"]
    yield "\n| what | figure | of |"
    yield "| --- | --- | --- |"
    yield _cells(
        "the first answer of `gemel compare`",
        f"{first['seconds']:.2f} s, {first['resident_mb']} MB",
        f"a base install ({_link('first_answer')})",
    )
    for check in service["checks"]:
        yield _cells(
            f"checks over HTTP, {check['connections']} connections",
            f"{check['per_second']:,.0f} a second, p99 {check['p99_ms']:g} ms",
            f"{service['questions']:,} questions ({_link('service')})",
        )
    yield _cells(
        "duplicate groups, file to file",
        f"{groups['seconds']:.0f} s, {groups['resident_mb']} MB",
        f"219,947 questions ({_link('corpus')})",
    )


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _link(name: str) -> str:
    return f"[{name}.json](../benchmarks/results/{name}.json)"


def _read(name: str) -> Any:
    return json.loads((_RESULTS / f"{name}.json").read_text(encoding="utf-8"))
