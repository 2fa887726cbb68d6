"""What a support desk gets from each way of fitting: docs/how-to/support-desk.md, to the letter.

    python benchmarks/support_desk.py banking77/train.csv banking77/test.csv

Banking77's intents stand for the articles of a desk. 1,000 solved tickets of most intents are the
corpus; 400 newer ones, some of them of intents that the corpus lacks, are to fit on; all others are
new tickets: some have a twin in the corpus, some, of intents met nowhere before, have none. Three
ways: random negatives, as many as positives; mined negatives; mined negatives to train on, and
what `check` returns for the newer tickets to fit on. Tickets of the test file are asked as
`gemel check` would; a ticket is answered if the best match is called the same, and right if its
article is the ticket's.
"""

import argparse
import csv
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from banking_pairs import read_intents
from layout import markdown
from record import write_result, write_table

import gemel
from gemel.config import DecisionConfig
from gemel.config.mining_rules import MiningRules
from gemel.corpus.matches import Query

SOLVED, NEWER, ASKED = 1000, 400, 200
NEW_TO_FIT, NEW_TO_TEST = 8, 8
"""Intents that only the newer tickets have, and only the tickets that are asked."""
SEEDS = 3
PRECISIONS = (0.8, 0.9, 0.95)

Ticket = tuple[str, str]
"""Its text, and the article that answered it."""


class Desk:
    """The tickets of one seed.

    Args:
        train, test: texts by intent.
        seed: which intents are new, and which tickets are drawn.
    """

    def __init__(self, train: dict[str, list[str]], test: dict[str, list[str]], seed: int):
        self.random = np.random.default_rng(seed)
        names = self._some(sorted(set(train) & set(test)))
        fit, asked = names[:NEW_TO_FIT], names[NEW_TO_FIT : NEW_TO_FIT + NEW_TO_TEST]
        known = names[NEW_TO_FIT + NEW_TO_TEST :]
        old = self._tickets(train, known)
        self.solved = old[:SOLVED]
        unseen = self._tickets(train, fit)[: NEWER // 4]
        self.newer = self._some(old[SOLVED : SOLVED + NEWER - len(unseen)] + unseen)
        self.with_twin = self._tickets(test, known)[:ASKED]
        self.without_twin = self._tickets(test, asked)[:ASKED]

    def positives(self) -> list[tuple[str, str]]:
        """Each solved ticket with the next one of the same article."""
        last: dict[str, str] = {}
        rows = []
        for text, article in self.solved:
            if article in last:
                rows.append((last[article], text))
            last[article] = text
        return rows

    def with_random_negatives(self) -> list[tuple[str, str, int]]:
        """As many pairs of different articles, drawn by chance."""
        rows = [(left, right, 1) for left, right in self.positives()]
        count = len(rows)
        while len(rows) < 2 * count:
            one, other = (self.solved[at] for at in self.random.integers(len(self.solved), size=2))
            if one[1] != other[1]:
                rows.append((one[0], other[0], 0))
        return self._some(rows)

    def _tickets(self, intents: dict[str, list[str]], names: Iterable[str]) -> list[Ticket]:
        return self._some([(text, name) for name in names for text in intents[name]])

    def _some(self, rows: Sequence[Any]) -> list[Any]:
        return [rows[at] for at in self.random.permutation(len(rows)).tolist()]


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def learn(parts: Path, out: Path) -> Path:
    """`gemel train parts/train.csv --validation parts/validation.csv --from quora-en ...`."""
    gemel.train(
        parts / "train.csv",
        out,
        validation=parts / "validation.csv",
        start="quora-en",
        config=gemel.Config.from_toml("finetune"),
    )
    return out


def index(desk: Desk, model: Path, db: Path) -> gemel.DuplicateIndex:
    """`gemel index solved.csv --db desk.db --keep article --model ...`."""
    opened = gemel.open_index(db, model)
    opened.add_all(
        [
            gemel.NewQuestion(id=str(number), text=text, metadata={"article": article})
            for number, (text, article) in enumerate(desk.solved)
        ]
    )
    return opened


def checked(desk: Desk, model: Path, db: Path) -> list[tuple[str, str, int]]:
    """Label what `check` finds for the newer tickets, by the articles."""
    with index(desk, model, db) as opened:
        return [
            (text, match.question.text, int(match.question.metadata["article"] == article))
            for (text, article), match in zip(desk.newer, best(opened, desk.newer), strict=True)
        ]


def best(opened: gemel.DuplicateIndex, tickets: Sequence[Ticket]) -> list[gemel.Match]:
    """Give what `gemel check` puts first for each ticket."""
    return [matches[0] for matches in opened.check_all([Query(text) for text, _ in tickets])]


def ask(desk: Desk, model: Path, db: Path) -> dict[str, int]:
    """Ask as deployed; count."""
    counts: dict[str, int] = {}
    with index(desk, model, db) as opened:
        for name, tickets in (("twin", desk.with_twin), ("new", desk.without_twin)):
            first = best(opened, tickets)
            said = [match.verdict.answer == "the same" for match in first]
            right = [
                match.question.metadata["article"] == article
                for match, (_, article) in zip(first, tickets, strict=True)
            ]
            counts |= {
                f"{name}_asked": len(tickets),
                f"{name}_answered": sum(said),
                f"{name}_answered_right": sum(map(min, said, right)),
                f"{name}_right_on_top": sum(right),
            }
    return counts


def run(desk: Desk, folder: Path) -> list[dict[str, Any]]:
    """Follow the guide in three ways."""
    random = folder / "random"
    pairs = write(
        folder / "random.csv",
        ("question1", "question2", "is_duplicate"),
        desk.with_random_negatives(),
    )
    gemel.split(pairs, random)
    mined = folder / "parts"
    positives = write(folder / "tickets.csv", ("anchor", "positive"), desk.positives())
    gemel.split(positives, folder / "positives")
    mined.mkdir()
    one = MiningRules(count=1)
    for part in ("train", "validation"):
        gemel.mine(folder / "positives" / f"{part}.csv", mined / f"{part}.csv", rules=one)
    models = {"random": learn(random, folder / "by-random"), "mined": learn(mined, folder / "desk")}
    again = folder / "mined-again.csv"
    gemel.mine(folder / "positives" / "validation.csv", again, models["mined"], rules=one)
    found = write(
        folder / "checked.csv",
        ("question1", "question2", "is_duplicate"),
        checked(desk, models["mined"], folder / "checked.db"),
    )
    ways = (
        ("random negatives", models["random"], random / "validation.csv"),
        ("mined negatives", models["mined"], again),
        ("matches of check", models["mined"], found),
    )
    results = []
    for way, model, validation in ways:
        for precision in PRECISIONS:
            fitted = folder / f"{way}-{precision}".replace(" ", "-")
            settings = DecisionConfig(objective="precision", precision=precision)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", gemel.GemelWarning)
                refit = gemel.fit(validation, model, out=fitted, settings=settings)
            findings = [each.name for each in refit.findings]
            counts = ask(desk, fitted, fitted.with_suffix(f".{precision}.db"))
            results.append(
                {
                    "negatives": way,
                    "precision": precision,
                    "fitted_on": len(refit.after.pairs),
                    "findings": findings,
                    **counts,
                }
            )
            print(results[-1], flush=True)
    return results


def summed(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the seeds up."""
    rows: dict[tuple[str, float], dict[str, Any]] = {}
    for each in results:
        row = rows.setdefault((each["negatives"], each["precision"]), {"findings": set()})
        row["findings"] |= set(each["findings"])
        for name, count in each.items():
            if "_" in name:
                row[name] = row.get(name, 0) + count
    return [
        {"negatives": way, "precision": precision, **row, "findings": sorted(row["findings"])}
        for (way, precision), row in rows.items()
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """Lay it out."""
    header = [
        "fitted on",
        "precision",
        "new, called the same",
        "with a duplicate, answered",
        "of these right",
        "warnings",
    ]
    cells = [
        [
            row["negatives"],
            f"{row['precision']:g}",
            f"{row['new_answered']} of {row['new_asked']}",
            f"{row['twin_answered']} of {row['twin_asked']}",
            str(row["twin_answered_right"]),
            ", ".join(row["findings"]) or "nothing",
        ]
        for row in rows
    ]
    return markdown(header, cells)


def main() -> None:
    """Measure, and write `support_desk.json` and `support_desk.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    warnings.simplefilter("always", gemel.GemelWarning)
    train, test = (read_intents([path])[0] for path in (options.train, options.test))
    results = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            results += run(Desk(train, test, seed), Path(folder))
    rows = summed(results)
    what = "the support-desk guide on Banking77: tickets asked as deployed, by what was fitted on"
    write_result("support_desk", what, {"seeds": options.seeds, "rows": rows, "results": results})
    write_table("support_desk", table(rows))


if __name__ == "__main__":
    main()
