"""`gemel review`: pairs are shown in a terminal, and every decision is stored at once."""

import getpass
import os
import select
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from gemel.cli.console import counted, print_result, printable
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
from gemel.errors import DataError

if TYPE_CHECKING:
    from gemel.corpus import DuplicateIndex, ExportedReviews, ReviewPair
    from gemel.store import Review, ReviewCounts

_ESCAPE = b"\x1b"
_END = b"\x04"
_PAUSE = 0.02
"""Seconds within which a terminal sends the rest of an arrow key."""


def read_key() -> str:
    """Wait for a key and return its letter in lower case; "" at the end of input.

    If standard input is no terminal, or cannot send single keys, a line is read and its first
    letter counts. Keys that send several letters, such as arrows, are ignored.
    """
    try:
        import termios
        import tty
    except ImportError:
        return _read_line()
    if not sys.stdin.isatty():
        return _read_line()
    place = sys.stdin.fileno()
    before = termios.tcgetattr(place)
    try:
        tty.setcbreak(place, termios.TCSADRAIN)
        letter = os.read(place, 1)
        if letter == _ESCAPE:
            while select.select([place], [], [], _PAUSE)[0]:
                os.read(place, 32)
    finally:
        termios.tcsetattr(place, termios.TCSADRAIN, before)
    return "" if letter == _END else letter.decode("ascii", "replace").lower()


def _read_line() -> str:
    line = sys.stdin.readline()
    return (line.strip() or "\n")[0].lower() if line else ""


_ANSWERS = {"s": "same", "d": "different", "k": "skipped"}
_WORDS = {"same": "the same", "different": "not the same", "skipped": "skipped"}
_HELP = "s the same · d not the same · k skip · u undo · q quit"


class Asking:
    """One session of a reviewer.

    The model's verdict is shown after the decision, not before, so that it does not bias it.
    """

    def __init__(self, index: "DuplicateIndex", pairs: "list[ReviewPair]", reviewer: str):
        self.index = index
        self.pairs = pairs
        self.reviewer = reviewer
        self.decided: dict[int, Review] = {}
        """Decisions of this session, by place in `pairs`."""

    def run(self) -> None:
        """Ask until all pairs are decided, or the reviewer quits; Ctrl-C quits too."""
        typer.echo(_HELP)
        place = 0
        try:
            while place < len(self.pairs):
                place = self._ask(place)
        except KeyboardInterrupt:
            typer.echo("")

    def _ask(self, place: int) -> int:
        """Ask about a pair; return the place of the next one."""
        pair = self.pairs[place]
        if place not in self.decided and any(
            self.index.store.reviews_of([(pair.left_id, pair.right_id)], metadata=0)
        ):
            return place + 1  # another user was faster
        typer.echo(f"\n{place + 1} of {len(self.pairs)}")
        typer.echo(f"  {printable(pair.left_text)}\n  {printable(pair.right_text)}")
        while True:
            typer.echo("same or different? ", nl=False)
            key = read_key()
            if key in ("q", ""):
                typer.echo("quit")
                return len(self.pairs)
            if key == "u":
                return self._undo(place)
            if key in _ANSWERS:
                self._decide(place, _ANSWERS[key])
                return place + 1
            typer.echo(_HELP)

    def _decide(self, place: int, answer: str) -> None:
        from gemel.store import NewReview

        pair, model = self.pairs[place], self.index.engine.model
        said_same = bool(model.decision.is_duplicate(np.array([pair.similarity], np.float32))[0])
        try:
            (self.decided[place],) = self.index.store.decide(
                [
                    NewReview(
                        left_id=pair.left_id,
                        right_id=pair.right_id,
                        answer=answer,
                        reviewer=self.reviewer,
                        similarity=pair.similarity,
                        probability=pair.probability,
                        said_same=said_same,
                        model=model.fingerprint,
                    )
                ]
            )
        except DataError as error:  # removed meanwhile, or decided by another user
            typer.echo(f"not stored: {printable(str(error))}")
            return
        verdict = _WORDS["same" if said_same else "different"]
        typer.echo(f"{_WORDS[answer]}  (the model: {verdict}, probability {pair.probability:.2f})")

    def _undo(self, place: int) -> int:
        """Take the last decision of this session back; return its place."""
        if not self.decided:
            typer.echo("undo: nothing was answered yet")
            return place
        last, review = self.decided.popitem()
        self.index.store.undecide([(review.left.id, review.right.id)])
        typer.echo(f"undo: {_WORDS[review.answer]} is taken back")
        return last


def describe_end(asking: Asking, counts: "ReviewCounts", remaining: int, db: str) -> str:
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
        f"{path}: {counted(total, 'decided pair')} written, "
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
    from gemel.corpus import choose_for_review

    with api.open_index(db, chosen_model(model), create=False) as index:
        with WorkProgress() as progress:
            found = index.duplicates(threads=thread_count(threads), progress=progress)
        reviews = index.store.reviews(metadata=0)
        decided = [(each.left.id, each.right.id) for batch in reviews for each in batch]
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
