"""Fetch a public corpus into a folder, and record its origin in `SOURCE.json`."""

import dataclasses
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gemel.errors import ConfigError, DataError
from gemel.files import new_file, write_text
from gemel.public_data.archives import LEFT_OUT, FetchedPart, convert
from gemel.public_data.catalogue import PublicCorpus, Remote, find_corpus
from gemel.public_data.http_download import (
    NotFetchedError,
    RetryPolicy,
    download,
    is_address,
    sha256_of,
)
from gemel.text import Progress
from gemel.version import __version__

TERMS = "TERMS.txt"
SOURCE = "SOURCE.json"
_FORMAT = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FetchedFile:
    """A file of the publisher's."""

    name: str
    origin: str
    """Address or file it came from; the publisher's address if it was there already."""
    size: int
    """Bytes."""
    sha256: str
    is_pinned: bool
    """Whether gemel knows this checksum; otherwise the user gave it."""
    was_there: bool
    """Whether it was in the folder already, put there by hand or by an interrupted call."""


@dataclass(frozen=True)
class Fetched:
    """Contents of the folder."""

    corpus: str
    title: str
    page: str
    licence: str
    folder: str
    fetched: str
    """Time, in UTC."""
    gemel: str
    """Version that fetched it."""
    files: tuple[FetchedFile, ...]
    parts: tuple[FetchedPart, ...]

    def path(self, name: str) -> str:
        """Return the path of one of its files."""
        return str(Path(self.folder) / name)


def fetch(
    name: str,
    folder: Path,
    *,
    origin: str | None = None,
    sha256: Sequence[str] = (),
    overwrite: bool = False,
    retries: RetryPolicy | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch a corpus, verify it, and write files that gemel reads.

    A second call with the same folder resumes an interrupted one. A publisher's file that is in
    the folder already is used if its checksum is right.

    Args:
        name: one of `CORPORA`.
        folder: destination, created if missing.
        origin: file or address instead of the publisher's; for a corpus of several files, or if
            it ends in a slash, their folder.
        sha256: expected checksums, one a file, instead of those that gemel knows.
        overwrite: whether to overwrite existing files.
        retries: see `RetryPolicy`.
        progress: callback.

    Raises:
        ConfigError: unknown corpus, or invalid checksum.
        DataError: unavailable, another file, or files are in the way.
        OSError: cannot be written.
    """
    corpus = find_corpus(name)
    sums = _checksums(corpus, sha256)
    if folder.is_file():
        raise DataError("is a file; name a folder to put it in", path=folder)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = _read_record(folder, name)
    is_same = earlier and [file.sha256 for file in earlier.files] == sums
    if earlier and is_same and all(_compare(earlier).values()):
        return earlier
    if not overwrite:
        _refuse_others(corpus, folder, earlier)
    write_text(folder / TERMS, terms_text(corpus))
    files = tuple(
        _obtain(corpus, remote, folder, origin, wanted, overwrite, retries, progress)
        for remote, wanted in zip(corpus.remotes, sums, strict=True)
    )
    fetched = Fetched(
        corpus=corpus.name,
        title=corpus.title,
        page=corpus.page,
        licence=corpus.licence,
        folder=str(folder),
        fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        gemel=__version__,
        files=files,
        parts=convert(corpus, folder, progress),
    )
    content: dict[str, Any] = {"format": _FORMAT} | dataclasses.asdict(fetched)
    del content["folder"]  # it may be renamed
    write_text(folder / SOURCE, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return fetched


def terms_text(corpus: PublicCorpus) -> str:
    """Return the content of `TERMS.txt`."""
    files = "\n".join(f"From {remote.address}" for remote in corpus.remotes)
    return (
        f"{corpus.title}\n\n{corpus.terms}\n\n{files}\nAbout it: {corpus.page}\n\n"
        "This is gemel's summary, not a licence: the publisher's own terms apply.\n"
    )


def _read_record(folder: Path, corpus: str) -> Fetched | None:
    """Return the record; None if it is missing, damaged, or of another corpus."""
    try:
        content = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT or content["corpus"] != corpus:
            return None
        content["files"] = tuple(FetchedFile(**file) for file in content["files"])
        content["parts"] = tuple(FetchedPart(**part) for part in content["parts"])
        return Fetched(**content, folder=str(folder))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _compare(fetched: Fetched) -> dict[str, bool | None]:
    """Return for each recorded file whether it is unchanged; None if it is missing."""
    recorded: list[FetchedFile | FetchedPart] = [*fetched.files, *fetched.parts]
    return {
        each.name: sha256_of(path) == each.sha256 if path.is_file() else None
        for each in recorded
        for path in [Path(fetched.path(each.name))]
    }


def _checksums(corpus: PublicCorpus, given: Sequence[str]) -> list[str]:
    if not given:
        return [remote.sha256 for remote in corpus.remotes]
    sums = [one.strip().lower() for one in given]
    for one in sums:
        if not _SHA256.fullmatch(one):
            raise ConfigError(f"{one!r} is no SHA-256; expected 64 hexadecimal digits")
    if len(sums) != len(corpus.remotes):
        names = ", ".join(remote.name for remote in corpus.remotes)
        raise ConfigError(f"expected a SHA-256 for each of {names}, not {len(sums)} in all")
    return sums


def _refuse_others(corpus: PublicCorpus, folder: Path, earlier: Fetched | None) -> None:
    """Refuse to overwrite files that gemel did not write, or that changed since."""
    originals = {remote.name for remote in corpus.remotes}  # checked one by one later
    made = {part.name for part in corpus.parts} - originals
    in_the_way = set()
    if earlier:
        in_the_way = made & {name for name, same in _compare(earlier).items() if same is False}
    elif not _is_begun(corpus, folder):
        names = {*made, TERMS, SOURCE, LEFT_OUT}
        in_the_way = {name for name in names if (folder / name).exists()}
    for name in sorted(in_the_way):
        raise DataError(
            "is there already, and not as gemel wrote it; name another folder, or add --overwrite",
            path=folder / name,
        )


def _is_begun(corpus: PublicCorpus, folder: Path) -> bool:
    try:
        return (folder / TERMS).read_text(encoding="utf-8") == terms_text(corpus)
    except (OSError, UnicodeDecodeError):
        return False


def _obtain(
    corpus: PublicCorpus,
    remote: Remote,
    folder: Path,
    origin: str | None,
    sha256: str,
    overwrite: bool,
    retries: RetryPolicy | None,
    progress: Progress | None,
) -> FetchedFile:
    """Download or copy one file, unless it is there with the right checksum."""
    path = folder / remote.name
    is_pinned = sha256 == remote.sha256
    came_from = remote.address if origin is None else _locate(origin, corpus, remote)
    was_there = path.exists() and _is_right(path, sha256, overwrite)
    if was_there:
        came_from = remote.address
    elif is_address(came_from):
        expected = remote.size if is_pinned else None
        try:
            download(came_from, path, sha256, expected, retries=retries, progress=progress)
        except NotFetchedError as error:
            raise DataError(f"{came_from} {error}\n{_by_hand(corpus, folder, path)}") from error
    else:
        _copy(Path(came_from), path, sha256)
    size = path.stat().st_size
    return FetchedFile(remote.name, came_from, size, sha256, is_pinned, was_there)


def _is_right(path: Path, sha256: str, overwrite: bool) -> bool:
    found = sha256_of(path)
    if found == sha256 or overwrite:
        return found == sha256
    raise DataError(
        f"is there already, with the SHA-256 {found}, not {sha256}; move it away, or add "
        f"--overwrite to fetch it, or --sha256 {found} if you trust it",
        path=path,
    )


def _locate(origin: str, corpus: PublicCorpus, remote: Remote) -> str:
    """Return the address or path of one file, given that of the corpus."""
    if "://" in origin and not is_address(origin):
        raise ConfigError(f"{origin} is neither a file nor an http or https address")
    several = len(corpus.remotes) > 1
    if is_address(origin):
        is_folder = origin.endswith("/") or several
        return f"{origin.rstrip('/')}/{remote.name}" if is_folder else origin
    path = Path(origin)
    if several and path.is_file():
        names = " and ".join(each.name for each in corpus.remotes)
        raise ConfigError(f"{origin} is one file; expected the folder that has {names}")
    return str(path / remote.name if path.is_dir() or several else path)


def _copy(source: Path, path: Path, sha256: str) -> None:
    if not source.is_file():
        raise DataError("no such file", path=source)
    found = sha256_of(source)
    if found != sha256:
        raise DataError(
            f"has the SHA-256 {found}, not {sha256}; add --sha256 {found} if you trust it",
            path=source,
        )
    with source.open("rb") as stream, new_file(path) as out:
        shutil.copyfileobj(stream, out)


def _by_hand(corpus: PublicCorpus, folder: Path, refused: Path) -> str:
    """Return instructions for fetching the missing files by hand."""
    paths = {remote.address: folder / remote.name for remote in corpus.remotes}
    lines = ["To fetch by hand, download with a browser, or on another machine,"]
    for address, path in paths.items():
        if path == refused or not path.exists():
            lines += [f"    {address}", f"and put it at {path}"]
    lines.append("then type the same command again. A mirror of it can be named with --from.")
    return "\n".join(lines)
