"""`gemel review`."""

import getpass
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import print_result
from gemel.cli.options import (
    Database,
    Json,
    ModelFolder,
    Threads,
    chosen_model,
    shown,
    thread_count,
)
from gemel.cli.progress import WorkProgress
from gemel.cli.shared_tables import describe_left_out
from gemel.cli.signatures import option, overwrites

if TYPE_CHECKING:
    from gemel.cli.review_session import Asking
    from gemel.corpus import ExportedReviews
    from gemel.store import ReviewCounts


def describe_end(asking: "Asking", counts: "ReviewCounts", remaining: int, db: str) -> str:
    """Summarise a session, and all decisions; `remaining`: undecided pairs at its start."""
    reviews = list(asking.decided.values())
    answered = [review for review in reviews if review.answer != "skipped"]
    same = sum(review.answer == "same" for review in answered)
    agreed = sum(review.said_same == (review.answer == "same") for review in answered)
    skipped = len(reviews) - len(answered)
    agreement = f"; the model agreed on {agreed} of {len(answered)}" if answered else ""
    total = counts.same + counts.different
    share = (
        f", the model agreed on {counts.agreed / counts.compared:.0%}" if counts.compared else ""
    )
    lines = [
        f"\ndecided: {len(answered)} ({same} the same, {len(answered) - same} not the same), "
        f"{skipped} skipped{agreement}",
        f"{shown(db)}: {total:,} decided in all ({counts.same:,} the same, {counts.different:,} "
        f"not), {counts.skipped:,} skipped, {remaining - len(reviews):,} close pairs left{share}",
    ]
    if total:
        lines.append(f"next: gemel review --db {shlex.quote(shown(db))} --export reviews.csv")
    return "\n".join(lines)


def describe_export(exported: "ExportedReviews", path: Path) -> str:
    """Describe an export, and its use."""
    total = exported.same + exported.different
    text = (
        f"{path}: {total:,} decided pair{'' if total == 1 else 's'} written, "
        f"{exported.same:,} the same, {exported.different:,} not"
    )
    if exported.skipped:
        text += f"; {exported.skipped:,} skipped and left out"
    if not total:
        return f"{text}\nnext: gemel review --db DB decides some"
    name = shlex.quote(str(path))
    return (
        f"{text}\nnext: gemel fit {name} --model MODEL --out fitted-model\n"
        f"      gemel train --from MODEL --add {name} --out learned-model"
    )


_LONGEST_NAME = 200


def review(
    db: Database,
    model: ModelFolder = None,
    count: Annotated[int, typer.Option(metavar="N", min=1, help="Number of pairs.")] = 20,
    reviewer: Annotated[
        str | None, option("NAME", "Name of the reviewer. Default: your login.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the selection.")] = 0,
    threads: Threads = None,
    export: Annotated[
        Path | None,
        option(
            "FILE", "Write the decided pairs to a .csv, .tsv or .jsonl file instead; - prints CSV."
        ),
    ] = None,
    overwrite: Annotated[bool, overwrites("an existing file")] = False,
    as_json: Json = False,
) -> None:
    """Decide, pair by pair, whether two questions of a corpus ask the same.

    The pairs are those that the model is least sure of, and some from its whole range; none twice.
    Keys: s the same, d different, k skip, u undo, q quit. Each decision is stored at once. Use them
    with gemel fit, or gemel train --add.

    Example: gemel review --db site.db --count 50
    """
    if export is not None:
        _export(db, export, overwrite=overwrite, as_json=as_json)
        return
    if as_json:
        raise typer.BadParameter("goes with --export FILE, which asks no one", param_hint="--json")
    name = _name(reviewer)
    from gemel import api
    from gemel.cli.review_session import Asking
    from gemel.corpus import choose_for_review

    with api.open_index(db, chosen_model(model), create=False) as index:
        with WorkProgress() as progress:
            found = index.duplicates(threads=thread_count(threads), progress=progress)
        reviews = index.store.reviews(metadata=0)
        decided = [(each.left.id, each.right.id) for lot in reviews for each in lot]
        chosen = choose_for_review(found, decided, count, seed=seed)
        for line in describe_left_out(found):
            typer.echo(line)
        if not chosen.pairs:
            typer.echo(f"{shown(db)}: no pair is left to decide; {len(decided):,} were decided")
            return
        asking = Asking(index, chosen.pairs, name)
        asking.run()
        typer.echo(describe_end(asking, index.store.review_count(), chosen.remaining, db))


def _name(given: str | None) -> str:
    name = given
    if name is None:
        try:
            name = getpass.getuser()
        except (OSError, KeyError, ImportError):
            name = ""
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise typer.BadParameter(
            f"expected a name of up to {_LONGEST_NAME} letters, not {name!r:.60}",
            param_hint="--reviewer",
        )
    return name


def _export(db: str, path: Path, *, overwrite: bool, as_json: bool) -> None:
    from gemel import api
    from gemel.corpus import review_lines
    from gemel.store import open_store

    if str(path) == "-":
        if as_json:
            raise typer.BadParameter("tells of a file; - prints CSV", param_hint="--json")
        with open_store(db, create=False) as store:
            for line in review_lines(store):
                sys.stdout.buffer.write(line.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
        return
    exported = api.export_reviews(db, path, overwrite=overwrite)
    entry = {"file": str(path), **exported._asdict()}
    print_result(entry, describe_export(exported, path), as_json=as_json)
