"""The page of the figures, each with the pairs it was measured on, from what benchmarks wrote."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["figures_page"]

_RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
_BEGINNING = """# Figures, and what they were measured on

<!-- Made by `make docs-pages` from benchmarks/results; a script in benchmarks/ makes those. -->

A figure without its split says nothing: the same model is right in 78 % here and in 82 % there. So
each stands beside the pairs it is of. Files in `benchmarks/results/` carry date, processor,
versions and commit. In brackets is the 95 % interval of 1,000 resamples of connected components.

## The splits

| name | pairs | what |
| --- | --- | --- |
| `train` | 167,225 | Quora's question pairs; two thirds ask the same |
| `wang2017_dev` | 10,000 | development pairs of the split that papers report on \
(Wang et al. 2017); half ask the same |
| `dev_natural` | 8,000 | Quora's pairs in the share they come in: 35.9 % ask the same |
| five folds | 167,225 | `train`, cut by connected component: no question in two folds |
| Banking77 | 27,677 and 11,417 | questions to a bank, the same intent or not: \
to learn from, and to test on |
| help desk | 2,293 and 638 | the sample that ships, written by hand; held-out groups |
| Korean | 6,888 | pairs of short questions, five folds by component |

No pair of a test file is in training. Single questions are, in `wang2017_dev` (36 %) and
`dev_natural` (a third), as in the papers' split; in folds and parts of `gemel split` none is. No
threshold is fitted on the pairs that it is scored on: *by halves* means that each half, cut by
component, is judged by the threshold best on the other; *as it comes* is the one stored in the
model.
"""
_NEXT = """
## More

- [How good, and what paid](quality.md): idea by idea, few pairs, another language
- [Search and duplicates](search.md#how-good): groups against known ones, \
retrieval beside BM25 and MiniLM
- [Review](review.md#what-200-reviewed-pairs-gain): what 200 decisions of people gain
- [How fast, and how it grows](speed.md), [the service](service.md#how-quick), \
[large runs](scale.md)
- [Limits](limits.md): where it fails
"""


def figures_page() -> str:
    """Give the page, in Markdown."""
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
        "as it comes": "as it comes",
        "threshold of the other half": "by halves",
        "cosine, threshold of the other half": "by halves, cosine alone",
    }
    for report in _read("ship")["reports"]:
        yield _row("`quora-en`", report, how[report["how"]], "ship")
    yield ""
    yield "*As it comes*, pairs are weighed as if 37 % of them asked the same, as was fitted for."


def _row(model: str, report: dict[str, Any], how: str, name: str) -> str:
    figures = (report["figures"][each] for each in ("accuracy", "f1", "average_precision"))
    cells = (f"{each['value']:.3f} ({each['low']:.3f} to {each['high']:.3f})" for each in figures)
    pairs = f"`{Path(report['data']).stem}`"
    return _cells(model, pairs, how, *cells, _link(name))


def _leakage() -> Iterator[str]:
    result = _read("leakage")
    yield "\n## What a split by row flatters\n"
    yield f"`configs/notebook.toml`, five folds, as it comes ({_link('leakage')}):\n"
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
    yield "\n## Typed differently, and told apart\n"
    yield f"`quora-en` ({_link('ship')}). One letter typed wrong in each question of"
    yield f"{typed['pairs']:,} pairs of `wang2017_dev`: accuracy {typed['accuracy_before']:.3f} to"
    yield f"{typed['accuracy_after']:.3f}. Of 400 hand-written pairs, used for nothing else:\n"
    yield "| turns on | told apart, where it differs | kept together, where it does not |"
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
            f"checks over HTTP, {check['connections']} at a time",
            f"{check['per_second']:,.0f} a second, 99 of 100 within {check['p99_ms']:g} ms",
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
