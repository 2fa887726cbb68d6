"""A model written for another tool, and tried in it before it is put in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gemel.decision import Decision
from gemel.errors import ConfigError, GemelError
from gemel.exchange.agreement import TOLERANCE, Agreement, Vectors, find_agreement, open_tokenizer
from gemel.exchange.export_folder import check_export_place, decision_note, new_export, write_card
from gemel.exchange.frozen_model import Frozen, freeze, unknown_words
from gemel.exchange.sentence_transformers import (
    OLDEST,
    SentenceVectors,
    installed_version,
    is_new_enough,
    write_sentence_transformers,
)
from gemel.exchange.token_file import write_token_file
from gemel.folder import Model
from gemel.text import Progress

TARGETS = ("sentence-transformers", "onnx")
"""What a model can be exported to."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote, and how far it agrees with gemel."""

    path: Path
    """The folder."""
    to: str
    """What it is for: one of `TARGETS`."""
    words: int
    """Words with a vector of their own."""
    added: list[str]
    """Those of them that the model's vocabulary lacks."""
    decision: Decision
    """The decision in `gemel.json`."""
    holds_for_cosine: bool
    """Whether it is one of the cosine: it was fitted for it, or the model has no pair head, nor
    weighs letters, which stay behind."""
    agreement: Agreement
    """Which texts agree."""
    asked: str
    """What was asked for vectors to compare; empty if nothing was."""
    not_asked: str
    """Why not; empty if something was."""
    least_int8_cosine: float | None = None
    """How near the file of bytes is: the least cosine of its vector and gemel's, on drawn words."""


def export_model(
    model: Model,
    out: str | Path,
    *,
    to: str,
    words: Sequence[str] = (),
    check: Sequence[str] = (),
    decision: Decision | None = None,
    int8: bool = False,
    beside: Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write a model for another tool, whole or not at all, and report which texts agree there.

    Args:
        model: what `load_model` gives.
        out: the folder.
        to: one of `TARGETS`.
        words: questions whose unknown words should have a vector of their own there too.
        check: questions to try it with.
        decision: one fitted for the cosine; the model's own if None.
        int8: whether to write a second ONNX file, of bytes.
        baseline: the model's folder, for its card and terms; None if there is none.
        overwrite: overwrite an existing export.
        progress: `progress(done, total)` callback, in questions are read, and compared.

    Raises:
        ConfigError: no such target; int8 for another than ONNX; a model without masks.
        FolderError: `out` exists that may not be replaced.
        MissingExtraError: ONNX without its packages.
        GemelError: the other tool gives other vectors where it should not; nothing is written.
        OSError: it cannot be written; what stood there stays.
    """
    if to not in TARGETS:
        raise ConfigError(f"a model is exported to one of {', '.join(TARGETS)}, not to {to!r}")
    if int8 and to != "onnx":
        raise ConfigError(f"int8 is for onnx: {to} has no file of bytes")
    out = Path(out)
    check_export_place(out, overwrite=overwrite)
    frozen = freeze(model, unknown_words(model.tokenizer, words), decision)
    known = len(model.tokenizer.vocabulary)
    note = {"exported_to": to, "model": model.fingerprint, **decision_note(frozen)}
    least = None
    with new_export(out, note, overwrite=overwrite) as folder:
        if to == "onnx":
            least = _write_onnx(frozen, folder, int8=int8)
        else:
            write_sentence_transformers(frozen, folder)
        write_card(folder, out.name, to, model, frozen, beside)
        vectors, asked, not_asked = (_open_onnx if to == "onnx" else _open_sentences)(folder)
        read_rows = open_tokenizer(folder)
        agreement = find_agreement(model, frozen, check, read_rows, vectors, progress)
        if not agreement.difference <= TOLERANCE:  # nor may it be no number
            raise GemelError(
                f"{asked} gives texts that both read alike other vectors: cosines may differ by "
                f"{agreement.difference:.2g}, more than {TOLERANCE:g}, so nothing was written; try "
                "another version of it"
            )
    return Exported(
        path=out,
        to=to,
        words=len(frozen.words) - 2,
        added=frozen.words[known:],
        decision=frozen.decision,
        holds_for_cosine=frozen.holds_for_cosine,
        agreement=agreement,
        asked=asked,
        not_asked=not_asked,
        least_int8_cosine=least,
    )


def _write_onnx(frozen: Frozen, folder: Path, *, int8: bool) -> float | None:
    from gemel.exchange.onnx_file import write_onnx

    write_token_file(frozen, folder)
    decision = frozen.decision
    notes = {
        "gemel_threshold": repr(decision.threshold),
        "gemel_slope": repr(decision.slope),
        "gemel_intercept": repr(decision.intercept),
        "gemel_threshold_holds_for_cosine": str(frozen.holds_for_cosine).lower(),
    }
    written = write_onnx(frozen, folder, int8=int8, notes=notes)
    return written[-1].least_cosine if int8 else None


def _open_sentences(folder: Path) -> tuple[Vectors | None, str, str]:
    """Return what asks sentence-transformers, what that is, and, where it is not here, why."""
    version = installed_version()
    if version is None:
        return None, "", "sentence-transformers is not installed here"
    if not is_new_enough(version):
        oldest = ".".join(map(str, OLDEST))
        return (
            None,
            "",
            (
                f"sentence-transformers {version} is here, which reads one word of a text only; "
                f"{oldest} is the first that reads all"
            ),
        )
    try:
        return SentenceVectors(folder), f"sentence-transformers {version}", ""
    except ImportError as error:
        return None, "", f"sentence-transformers {version} cannot be imported here: {error}"


def _open_onnx(folder: Path) -> tuple[Vectors | None, str, str]:
    from gemel.exchange.onnx_file import ONNX_FILE, OnnxAnswers

    read_rows = open_tokenizer(folder)
    if read_rows is None:
        return None, "", "the library tokenizers is not installed here"
    answers = OnnxAnswers((folder / ONNX_FILE).read_bytes())
    return lambda texts: answers(read_rows(texts)), "ONNX Runtime", ""
