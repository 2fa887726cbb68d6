"""`gemel import`."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import note, print_result, printable, printed_warnings
from gemel.cli.options import Json
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import PairReadOptions, reads_pairs
from gemel.cli.shared_tables import comparison_rows
from gemel.cli.signatures import argument, option, overwrites

if TYPE_CHECKING:
    from gemel.exchange.trax_model import FromTrax

_SHOWN = 5
"""Words that are shown."""


@reads_pairs
def import_(
    checkpoint: Annotated[
        Path,
        argument(
            "CHECKPOINT",
            "The checkpoint: model.pkl.gz; newer ones need model.weights.npy.gz next to it.",
        ),
    ],
    reading: PairReadOptions,
    vocabulary: Annotated[
        Path,
        option(
            "FILE",
            "The notebook's vocabulary: a JSON object of token and id, or a text file with a "
            "token on every line, in the order of their ids.",
        ),
    ],
    out: Annotated[Path, typer.Option(show_default=False, help="The model folder to write.")],
    validation: Annotated[
        Path | None,
        typer.Option(
            metavar="PAIRS",
            help="Labelled pairs to fit threshold and probabilities on; without them the threshold "
            "is the notebook's 0.7, a guess.",
        ),
    ] = None,
    overwrite: Annotated[bool, overwrites("an existing model")] = False,
    as_json: Json = False,
) -> None:
    """Make a model of a checkpoint that the Trax notebook wrote.

    It gives the vectors that Trax gives. A checkpoint is a pickle, which is code: it is read as
    data, and nothing in it is run.

    Example: gemel import model.pkl.gz --vocabulary vocabulary.json --out my-model
    """
    from gemel.api.exchange_functions import import_trax

    with printed_warnings(), WorkProgress() as progress:
        found = import_trax(
            checkpoint,
            vocabulary,
            out,
            validation=validation,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            overwrite=overwrite,
            progress=progress,
        )
    reading.warn()
    for each in _notes(found):
        note(f"note: {each}")
    print_result(_figures(found), _text(found, out), as_json=as_json)


def _notes(found: "FromTrax") -> Iterator[str]:
    known = found.known
    if known.overrun is not None:
        yield (
            f"the vocabulary counts one id more than the embedding has rows; its last word, "
            f"{_shown([known.overrun])}, has the row of the word before, as Trax gave it"
        )
    if known.unknown > 1:
        yield (
            f"{known.unknown:,} tokens of the vocabulary have the id of unknown words, as in a "
            "defaultdict that was queried; they stay unknown"
        )
    if found.unreachable:
        some = _shown(found.unreachable[:_SHOWN])
        yield (
            f"{len(found.unreachable):,} of {len(known.words):,} words are split differently by "
            f"gemel than by the notebook's NLTK, so that no question has them: {some}"
        )


def _shown(words: list[str]) -> str:
    return ", ".join(f'"{printable(word):.40}"' for word in words)


def _figures(found: "FromTrax") -> dict[str, object]:
    network, decision = found.model.config.network, found.model.decision
    return {
        "words": len(found.known.words),
        "d_model": network.d_model,
        "dim": network.dim,
        "overrun": found.known.overrun,
        "unreachable": len(found.unreachable),
        "threshold": decision.threshold,
        "fitted": found.fitted is not None,
        "pairs": decision.pairs,
    }


def _text(found: "FromTrax", out: Path) -> Iterator[str]:
    network, decision = found.model.config.network, found.model.decision
    name = shlex.quote(str(out))
    yield (
        f"{out}: {len(found.known.words):,} words, vectors of {network.dim} numbers; padding "
        "counts, as in the notebook"
    )
    if found.fitted is None:
        yield (
            f"threshold {decision.threshold:g}: the notebook's, a guess, fitted on nothing; "
            "probabilities are guesses too"
        )
        yield f"next: gemel fit validation.csv --model {name}"
        return
    yield (
        f"threshold {decision.threshold:.4f}, best for {decision.settings.aim}, fitted on "
        f"{decision.pairs:,} pairs; before is the notebook's"
    )
    yield ""
    yield from comparison_rows(found.fitted, "on these pairs")
    yield ""
    yield f'next: gemel compare "first question" "second question" --model {name}'
    yield f"      gemel evaluate other-pairs.csv --model {name}"
