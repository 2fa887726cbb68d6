"""Export of a model to a folder for another tool, tested in that tool before it is put in place."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.config import ExportOptions
from gemel.decision import Decision
from gemel.errors import ConfigError, FolderError, GemelError
from gemel.exchange.agreement import TOLERANCE, Agreement, Vectors, find_agreement, open_tokenizer
from gemel.exchange.export_card import write_card
from gemel.exchange.frozen_model import Frozen, freeze, unknown_words
from gemel.exchange.sentence_transformers import (
    OLDEST,
    SentenceVectors,
    is_new_enough,
    write_sentence_transformers,
)
from gemel.exchange.token_file import is_whole, write_token_file
from gemel.files import check_replaceable, check_writable, new_folder, write_text
from gemel.folder import Model
from gemel.text import Progress
from gemel.version import __version__, installed_version

NOTE = "gemel.json"
"""The file that marks an export, and lists its files."""


def check_export_place(path: str | Path, *, overwrite: bool = False) -> None:
    """Check that an export may be written to a path.

    Raises:
        FolderError: there is an export, or other files; or its name is not UTF-8.
        OSError: it cannot be written.
    """
    path = Path(path)
    if not is_whole(str(path.resolve())):
        raise FolderError(
            f"{str(path)!a}: name is not UTF-8, so that other tools cannot open it; "
            "choose another path"
        )
    check_replaceable(path)
    if path.is_dir() and any(path.iterdir()):
        foreign = _foreign(path)
        if foreign:
            raise FolderError(
                f"{path}: has {foreign[0]}, which `gemel export` did not write and would "
                "delete; choose another path"
            )
        if not overwrite:
            raise FolderError(f"{path}: has an export; add --overwrite to replace it")
    elif path.exists() and not path.is_dir():
        raise FolderError(f"{path}: is not a folder; choose another path")
    check_writable(path)


def _foreign(path: Path) -> list[str]:
    """Return the files of a folder that are not listed in its note."""
    try:
        named = set(json.loads((path / NOTE).read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        named = set()
    return [name for name in _files(path) if name not in named]


def _files(path: Path) -> list[str]:
    return sorted(
        each.relative_to(path).as_posix()
        for each in path.rglob("*")
        if not each.is_dir() or each.is_symlink()
    )


@contextlib.contextmanager
def new_export(path: Path, note: Mapping[str, Any], *, overwrite: bool) -> Iterator[Path]:
    """Fill a temporary folder, write its note, and move it to `path`, atomically.

    Args:
        note: content of `gemel.json`, to which the list of files is added.

    Yields:
        The folder to write into; an error in the block leaves `path` unchanged.

    Raises:
        FolderError, OSError: see `check_export_place`.
    """
    check_export_place(path, overwrite=overwrite)
    with new_folder(path) as folder:
        yield folder
        content = {**note, "files": [*_files(folder), NOTE]}
        write_text(folder / NOTE, json.dumps(content, indent=1, allow_nan=False) + "\n")


def decision_note(frozen: Frozen) -> dict[str, Any]:
    """Return the part of the note about the decision."""
    decision = frozen.decision
    asked = "cosine" if frozen.holds_for_cosine else "gemel's own, by its pair head or letters"
    return {
        "gemel_version": __version__,
        "similarity": "cosine",
        "decision": {
            "of_similarity": asked,
            "holds_for_cosine": frozen.holds_for_cosine,
            "threshold": decision.threshold,
            "lower": decision.lower,
            "upper": decision.upper,
            "slope": decision.slope,
            "intercept": decision.intercept,
            "pairs": decision.pairs,
            "prevalence": decision.prevalence,
            "data": decision.data,
        },
    }


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An exported folder, and its agreement with gemel."""

    path: Path
    to: str
    """One of `TARGETS`."""
    words: int
    """Words with a vector."""
    added: list[str]
    """Those of them that the model's vocabulary lacks."""
    decision: Decision
    """The decision in `gemel.json`."""
    holds_for_cosine: bool
    """Whether it is of the cosine: fitted for it, or the model has neither pair head nor
    letters."""
    agreement: Agreement
    asked: str
    """The tool that vectors were compared with; empty if none."""
    not_asked: str
    """Why none; empty if there is one."""
    least_int8_cosine: float | None = None
    """Least cosine of the int8 file's vectors and gemel's, on random words."""


def export_model(
    model: Model,
    out: str | Path,
    *,
    words: Sequence[str] = (),
    check: Sequence[str] = (),
    decision: Decision | None = None,
    source: Path | None = None,
    options: ExportOptions | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> Exported:
    """Write a model for another tool, atomically, and report which texts agree there.

    Args:
        words: questions whose unknown words get a vector.
        check: questions to test it with.
        decision: fitted for the cosine; the model's own if None.
        source: the model's folder, for its card and terms; None if there is none.
        options: target and files; its inputs are read by the caller.
        progress: `progress(step, done, total)` callback.

    Raises:
        ConfigError: a model that was trained without masks.
        FolderError: `out` exists and may not be overwritten.
        MissingExtraError: packages of ONNX are not installed.
        GemelError: the other tool gives other vectors; nothing is written.
        OSError: it cannot be written; an existing folder remains.
    """
    options, out = ExportOptions.of(options, **changes), Path(out)
    to = options.to
    if options.int8 and to != "onnx":
        raise ConfigError(f"int8 is for onnx: {to} has no int8 file")
    check_export_place(out, overwrite=options.overwrite)
    frozen = freeze(model, unknown_words(model.tokenizer, words), decision)
    known = len(model.tokenizer.vocabulary)
    note = {"exported_to": to, "model": model.fingerprint, **decision_note(frozen)}
    least = None
    with new_export(out, note, overwrite=options.overwrite) as folder:
        if to == "onnx":
            least = _write_onnx(frozen, folder, int8=options.int8)
        else:
            write_sentence_transformers(frozen, folder)
        write_card(folder, out.name, to, model, frozen, source)
        vectors, asked, not_asked = (_open_onnx if to == "onnx" else _open_sentences)(folder)
        read_rows = open_tokenizer(folder)
        agreement = find_agreement(model, frozen, check, read_rows, vectors, progress)
        if not agreement.difference <= TOLERANCE:  # nor may it be no number
            raise GemelError(
                f"{asked} gives other vectors than gemel: cosines may differ by "
                f"{agreement.difference:.2g}, more than {TOLERANCE:g}; nothing was written; try "
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
    """Return the vectors of sentence-transformers, its name, or else why it cannot be used."""
    version = installed_version("sentence-transformers")
    if version is None:
        return None, "", "sentence-transformers is not installed"
    if not is_new_enough(version):
        oldest = ".".join(map(str, OLDEST))
        why = (
            f"sentence-transformers {version} reads one word per text; {oldest} or later is needed"
        )
        return None, "", why
    try:
        return SentenceVectors(folder), f"sentence-transformers {version}", ""
    except ImportError as error:
        return None, "", f"sentence-transformers {version} cannot be imported: {error}"


def _open_onnx(folder: Path) -> tuple[Vectors | None, str, str]:
    from gemel.exchange.onnx_file import ONNX_FILE, OnnxAnswers

    read_rows = open_tokenizer(folder)
    if read_rows is None:
        return None, "", "the library tokenizers is not installed"
    answers = OnnxAnswers((folder / ONNX_FILE).read_bytes())
    return lambda texts: answers(read_rows(texts)), "ONNX Runtime", ""
