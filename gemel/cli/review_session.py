"""Show pairs to a person in a terminal; every decision is stored at once."""

import os
import select
import sys
from typing import TYPE_CHECKING

import numpy as np
import typer

from gemel.cli.console import printable
from gemel.errors import DataError

if TYPE_CHECKING:
    from gemel.corpus import DuplicateIndex, ReviewPair
    from gemel.store import Review

_ESCAPE = b"\x1b"
_END = b"\x04"
_PAUSE = 0.02
"""Seconds within which a terminal sends the rest of an arrow key."""


def read_key() -> str:
    """Wait for a key and give its letter in lower case; "" once there is nothing to wait for.

    Where standard input is no terminal, or one that hands over whole lines only, a line is read
    and its first letter counts. An arrow, or another key that sends several letters, is none.

    Raises:
        KeyboardInterrupt: Ctrl-C.
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
_SAID = {"same": "the same", "different": "not the same", "skipped": "skipped"}
_HELP = "s the same · d not the same · k skip · u undo · q quit"


class Asking:
    """One session of a reviewer.

    The model's verdict is shown after the decision, not before, so that it does not bias it.

    Args:
        index: the corpus; its store keeps the answers.
        pairs: what to ask about, in this order.
        reviewer: who answers.
    """

    def __init__(self, index: "DuplicateIndex", pairs: "list[ReviewPair]", reviewer: str):
        self.index = index
        self.pairs = pairs
        self.reviewer = reviewer
        self.decided: dict[int, Review] = {}
        """What was answered in this sitting, by place in `pairs`."""

    def run(self) -> None:
        """Ask until all is answered, or the person quits; Ctrl-C quits too."""
        typer.echo(_HELP)
        place = 0
        try:
            while place < len(self.pairs):
                place = self._ask(place)
        except KeyboardInterrupt:
            typer.echo("")

    def _ask(self, place: int) -> int:
        """Ask about a pair; give the place of the next one."""
        pair = self.pairs[place]
        if place not in self.decided and any(
            self.index.store.reviews_of([(pair.left_id, pair.right_id)], metadata=0)
        ):
            return place + 1  # a user else was faster
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
        except DataError as error:  # removed meanwhile, or decided by a user else
            typer.echo(f"not stored: {printable(str(error))}")
            return
        said = _SAID["same" if said_same else "different"]
        typer.echo(f"{_SAID[answer]}  (the model: {said}, probability {pair.probability:.2f})")

    def _undo(self, place: int) -> int:
        """Take the last answer of this sitting back; give its place."""
        if not self.decided:
            typer.echo("undo: nothing was answered yet")
            return place
        last, review = self.decided.popitem()
        self.index.store.undecide([(review.left.id, review.right.id)])
        typer.echo(f"undo: {_SAID[review.answer]} is taken back")
        return last
