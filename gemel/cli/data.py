"""`gemel data`."""

import dataclasses
import shlex
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.completion import complete_corpus
from gemel.cli.console import hint_if_stopped, note, print_result, warn
from gemel.cli.options import Json
from gemel.cli.progress import WorkProgress
from gemel.cli.signatures import argument, option, overwrites

if TYPE_CHECKING:
    from gemel.public_data import Fetched, FetchedPart, PublicCorpus

_MEGA = 1e6


def data(
    name: Annotated[
        str | None,
        argument(
            "NAME",
            "quora, glue-qqp, paws or banking77; without it they are listed.",
            autocompletion=complete_corpus,
        ),
    ] = None,
    to: Annotated[Path | None, option("DIR", "Destination folder.", "--to")] = None,
    origin: Annotated[
        str | None,
        option(
            "FILE|URL",
            "A file fetched by hand, or a mirror, instead of the publisher's address; "
            "of several files the folder that has them.",
            "--from",
        ),
    ] = None,
    sha256: Annotated[
        list[str] | None,
        option("HEX", "Expected SHA-256 instead of the one that gemel knows; one a file."),
    ] = None,
    overwrite: Annotated[bool, overwrites("existing files")] = False,
    as_json: Json = False,
) -> None:
    """Fetch public data: question pairs of Quora, of GLUE, PAWS, or questions to a bank.

    The terms are shown first. Each file is checked against its published SHA-256. The same command
    resumes an interrupted download; without a connection it prints what to fetch by hand and where
    to put it. TERMS.txt and SOURCE.json document the files.

    Example: gemel data quora --to quora
    """
    from gemel.api.pair_files import download
    from gemel.public_data import CORPORA, find_corpus

    if name is None:
        listed = [dataclasses.asdict(corpus) for corpus in CORPORA.values()]
        print_result(listed, _list(CORPORA.values()), as_json=as_json)
        return
    corpus = find_corpus(name)
    if to is None:
        raise typer.BadParameter(f"name a folder: gemel data {name} --to {name}", param_hint="--to")
    note("\n".join(_terms(corpus, origin)))
    with hint_if_stopped(lambda: _incomplete(to)), WorkProgress() as progress:
        fetched = download(
            name,
            to,
            origin=origin,
            sha256=sha256 or (),
            overwrite=overwrite,
            progress=_with_speed(progress),
        )
    for part in fetched.parts:
        _warn(part, fetched)
    print_result(fetched, _text(fetched), as_json=as_json)


def _list(corpora: "Iterable[PublicCorpus]") -> Iterator[str]:
    for corpus in corpora:
        rows = ", ".join(f"{part.name} {part.rows:,} {part.holds}" for part in corpus.parts)
        yield f"{corpus.name}: {corpus.title}"
        yield f"    {corpus.size / _MEGA:.1f} MB; {corpus.licence}; {corpus.page}"
        yield f"    {rows}"
    yield ""
    yield "next: gemel data quora --to quora"


def _terms(corpus: "PublicCorpus", origin: str | None) -> Iterator[str]:
    yield f"{corpus.title}; terms ({corpus.licence}):"
    yield from (f"    {line}" for line in corpus.terms.splitlines())
    for remote in corpus.remotes:
        instead = f"{origin} instead of " if origin else ""
        yield f"from {instead}{remote.address} ({remote.size / _MEGA:.1f} MB)"


def _incomplete(to: Path) -> Iterator[str]:
    for part in sorted(to.glob("*.part")):
        yield f"{part}: incomplete; the same command resumes it"


def _with_speed(
    progress: Callable[[str, int, int | None], object],
) -> Callable[[str, int, int | None], None]:
    """Add the download rate to the stage."""
    began: dict[str, tuple[float, int]] = {}

    def report(stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        start, before = began.setdefault(stage, (now, done))
        if stage.startswith("fetching ") and now > start:
            stage += f" at {max(0, done - before) / (now - start) / _MEGA:.1f} MB/s"
        progress(stage, done, total)

    return report


def _warn(part: "FetchedPart", fetched: "Fetched") -> None:
    from gemel.public_data import LEFT_OUT

    if part.left_out:
        rows = "1 row does" if part.left_out == 1 else f"{part.left_out:,} rows do"
        warn(f"{part.name}: {rows} not fit, listed in {fetched.path(LEFT_OUT)}")
    if part.rows != part.published:
        warn(f"{part.name} has {part.rows:,} {part.holds}; {part.published:,} were published")


def _text(fetched: "Fetched") -> Iterator[str]:
    from gemel.public_data import SOURCE, TERMS

    for file in fetched.files:
        known = "as published" if file.is_pinned else "as given"
        came = "was there" if file.was_there else f"from {file.origin}"
        yield f"{fetched.path(file.name)}: {file.size:,} bytes, {came}"
        yield f"    SHA-256 {file.sha256}, {known}"
    yield ""
    for part in fetched.parts:
        share = ""
        if part.duplicates is not None and part.rows:
            share = f", {part.duplicates / part.rows:.1%} labelled 1"
        yield f"{fetched.path(part.name)}: {part.rows:,} {part.holds}{share}"
    yield f"{fetched.path(TERMS)}: the terms; {SOURCE} next to it: the origin"
    yield ""
    yield f"next: {_next(fetched)}"


def _next(fetched: "Fetched") -> str:
    first = fetched.parts[0]
    path = shlex.quote(fetched.path(first.name))
    if first.holds == "questions":
        return f"gemel index {path} --db {shlex.quote(fetched.corpus)}.db"
    is_original = any(file.name == first.name for file in fetched.files)
    skipped = f" --skip-bad {first.left_out}" if first.left_out and is_original else ""
    return f"gemel audit {path}{skipped}"
