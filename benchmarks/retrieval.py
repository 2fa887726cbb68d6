"""How well known duplicates are found among all questions, beside BM25 and MiniLM.

    python benchmarks/retrieval.py --all quora/train.csv --held-out parts/test.csv \
        --model held-out-model --peers peers/bin/python --work retrieval-work

A query is a held-out question with known duplicates; what is looked through are all other distinct
questions of the whole file, and, so that MiniLM comes to an end, some of them, all held-out ones
included. Everyone gets the same sample of queries. Intervals: duplicate groups drawn with
replacement, 1,000 times.
"""

import argparse
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown
from ranking import MEASURES, figures, score_ranking
from record import write_result, write_table
from retrieval_worker import NEAREST, RIVALS

import gemel
from gemel.data import PairGraph
from gemel.neighbours import ExactNeighbours

HERE = Path(__file__).parent
QUERIES = 5000
SOME = 50_000
"""Questions that MiniLM too has time for."""
TITLES = {"minilm": "all-MiniLM-L6-v2", "bm25": "BM25 (bm25s)"}
LOOKED_AT = 50
"""Nearest questions that the pair head puts in order."""


def by_gemel(engine: Any, texts: list[str], queries: list[int]) -> dict[str, list[list[int]]]:
    """Rank by the cosine, and the nearest of these by all that the model has."""
    vectors = engine.encode(texts, threads=2)
    keys = np.arange(len(texts))
    neighbours = ExactNeighbours(vectors.shape[1])
    neighbours.put(keys, vectors)
    nearest, judged = [], []
    for start in range(0, len(queries), 256):
        lot = queries[start : start + 256]
        found = neighbours.search(vectors[lot], LOOKED_AT + 1).keys
        nearest += found[:, :NEAREST].tolist()
        left, right = np.repeat(lot, found.shape[1]), found.ravel()
        scores = engine.score(
            ([texts[row] for row in left], vectors[left]),
            ([texts[row] for row in right], vectors[right]),
        )
        order = np.argsort(-scores.reshape(found.shape), axis=1, kind="stable")[:, :NEAREST]
        judged += np.take_along_axis(found, order, axis=1).tolist()
    return {"gemel, the cosine": nearest, "gemel, the 50 nearest by the pair head": judged}


def by_rival(name: str, options: argparse.Namespace, count: int) -> list[list[int]]:
    """Have a rival rank in its environment, or take what it ranked before."""
    files = [options.work / f"texts-{count}.json", options.work / f"queries-{count}.json"]
    out = options.work / f"{name}-{count}.json"
    if not out.exists():
        command = [options.peers, HERE / "retrieval_worker.py", name, *files, out]
        subprocess.run(list(map(str, command)), check=True)
    found: list[list[int]] = json.loads(out.read_text())
    return found


def measure(
    texts: list[str],
    asked: dict[str, int],
    groups: dict[str, int],
    rivals: Sequence[str],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Have everyone rank the same texts for the same queries.

    Args:
        texts: what is looked through.
        asked: the queries, and the duplicate group of each.
        groups: the duplicate group of every held-out question.
        rivals: names of those in the other environment.
        options: of the command line.
    """
    places = {text: number for number, text in enumerate(texts)}
    members: dict[int, set[int]] = {}
    for text, group in groups.items():
        members.setdefault(group, set()).add(places[text])
    queries = [places[text] for text in asked]
    (options.work / f"texts-{len(texts)}.json").write_text(json.dumps(texts))
    (options.work / f"queries-{len(texts)}.json").write_text(json.dumps(queries))
    rankings = by_gemel(gemel.load(options.model), texts, queries)
    rankings |= {TITLES[name]: by_rival(name, options, len(texts)) for name in rivals}
    measured = {}
    for name, found in rankings.items():
        scores = [
            score_ranking([place for place in ranked if place != query], members[group] - {query})
            for query, ranked, group in zip(queries, found, asked.values(), strict=True)
        ]
        measured[name] = figures(scores, np.array(list(asked.values())))
        print(len(texts), name, measured[name], flush=True)
    return measured


def main() -> None:
    """Run it and write `results/retrieval.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--all", type=Path, required=True, help="pairs, whose questions are there")
    parser.add_argument("--held-out", type=Path, required=True, help="pairs the model has not seen")
    parser.add_argument("--model", required=True, help="trained on the other part of the split")
    parser.add_argument("--peers", type=Path, required=True, help="Python with the rivals")
    parser.add_argument("--work", type=Path, required=True, help="a folder to work in")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    texts = PairGraph.of(gemel.read_pairs(options.all)).questions
    graph = PairGraph.of(gemel.read_pairs(options.held_out))
    groups = dict(zip(graph.questions, graph.groups.tolist(), strict=True))
    sizes = np.bincount(graph.groups, minlength=len(graph.questions))
    duplicates = np.flatnonzero(sizes[graph.groups] > 1)
    random = np.random.default_rng(0)
    drawn = random.choice(duplicates, min(QUERIES, len(duplicates)), replace=False).tolist()
    asked = {graph.questions[number]: groups[graph.questions[number]] for number in drawn}
    others = random.permutation([text for text in texts if text not in groups]).tolist()
    some = [*groups, *others[: SOME - len(groups)]]
    result: dict[str, Any] = {"queries": len(asked)}
    result["measured"] = {
        len(texts): measure(texts, asked, groups, ("bm25",), options),
        len(some): measure(some, asked, groups, tuple(RIVALS), options),
    }
    write_result("retrieval", "known duplicates among all questions, by nDCG, recall, MRR", result)
    rows = [
        [
            f"{count:,}",
            name,
            *(f"{f[m]['value']:.3f} ({f[m]['low']:.3f} to {f[m]['high']:.3f})" for m in MEASURES),
        ]
        for count, measured in result["measured"].items()
        for name, f in measured.items()
    ]
    write_table("retrieval", markdown(["questions", "ranked by", *MEASURES], rows))


if __name__ == "__main__":
    main()
