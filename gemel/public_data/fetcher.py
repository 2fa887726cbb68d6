"""Fetching a public corpus into a folder: its files, what gemel reads, terms and origin."""

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gemel.errors import ConfigError, DataError
from gemel.files import new_file, write_text
from gemel.public_data.catalogue import Corpus, Remote, find_corpus
from gemel.public_data.conversion import LEFT_OUT, convert
from gemel.public_data.downloads import NotFetchedError, Patience, download, is_address, sha256_of
from gemel.public_data.record import (
    SOURCE,
    Fetched,
    FetchedFile,
    FetchedPart,
    changed,
    is_whole,
    read_record,
    write_record,
)
from gemel.text import Progress
from gemel.version import __version__

TERMS = "TERMS.txt"
_SUM = re.compile(r"[0-9a-f]{64}")


def fetch(
    name: str,
    folder: Path,
    *,
    origin: str | None = None,
    sha256: Sequence[str] = (),
    overwrite: bool = False,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch a corpus, check it, and make of it what gemel reads at once.

    A second call with the same folder continues where the first one stopped. A file of the
    publisher's that a user has put there is taken if its sum is right.

    Args:
        name: one of `CORPORA`.
        folder: where to put it; made if it is not there.
        origin: a file or address to take instead of the publisher's; of a corpus of several
            files, or if it ends in a slash, the folder that has them.
        sha256: what the sums must be, one a file, instead of those that gemel knows.
        overwrite: whether files that are in the way may be overwritten.
        patience: with the server.
        progress: `progress(done, total)` callback, in is done.

    Raises:
        ConfigError: no such corpus, or no such sum.
        DataError: it cannot be had, is another file, or something is in the way.
        OSError: it cannot be written.
    """
    corpus = find_corpus(name)
    sums = _sums(corpus, sha256)
    if folder.is_file():
        raise DataError("is a file; name a folder to put it in", path=folder)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = read_record(folder, name)
    if earlier and is_whole(earlier) and [file.sha256 for file in earlier.files] == sums:
        return earlier
    if not overwrite:
        _refuse_others(corpus, folder, earlier)
    write_text(folder / TERMS, terms_text(corpus))
    files = tuple(
        _obtain(corpus, remote, folder, origin, wanted, overwrite, patience, progress)
        for remote, wanted in zip(corpus.remotes, sums, strict=True)
    )
    counts = convert(corpus, folder, progress)
    parts = tuple(
        FetchedPart(
            name=part.name,
            holds=part.holds.value,
            rows=count.rows,
            duplicates=count.duplicates,
            left_out=count.left_out,
            published=part.rows,
            sha256=sha256_of(folder / part.name),
        )
        for part, count in zip(corpus.parts, counts, strict=True)
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
        parts=parts,
    )
    write_record(fetched)
    return fetched


def terms_text(corpus: Corpus) -> str:
    """Return the terms as they are written next to the files."""
    files = "\n".join(f"From {remote.address}" for remote in corpus.remotes)
    return (
        f"{corpus.title}\n\n{corpus.terms}\n\n{files}\nAbout it: {corpus.page}\n\n"
        "These are gemel's words, not a licence: what the publisher gives holds.\n"
    )


def _sums(corpus: Corpus, given: Sequence[str]) -> list[str]:
    if not given:
        return [remote.sha256 for remote in corpus.remotes]
    sums = [one.strip().lower() for one in given]
    for one in sums:
        if not _SUM.fullmatch(one):
            raise ConfigError(f"{one!r} is no SHA-256; expected 64 hexadecimal digits")
    if len(sums) != len(corpus.remotes):
        names = ", ".join(remote.name for remote in corpus.remotes)
        raise ConfigError(f"expected a SHA-256 for each of {names}, not {len(sums)} in all")
    return sums


def _refuse_others(corpus: Corpus, folder: Path, earlier: Fetched | None) -> None:
    """Refuse to replace what was not made here, or was changed since."""
    originals = {remote.name for remote in corpus.remotes}  # which are looked at one by one
    made = {part.name for part in corpus.parts} - originals
    if earlier:
        in_the_way = made.intersection(changed(earlier))
    elif _is_begun(corpus, folder):
        in_the_way = set()
    else:
        names = {*made, TERMS, SOURCE, LEFT_OUT}
        in_the_way = {name for name in names if (folder / name).exists()}
    for name in sorted(in_the_way):
        raise DataError(
            "exists already, and not as gemel wrote it; name another folder, or add --overwrite",
            path=folder / name,
        )


def _is_begun(corpus: Corpus, folder: Path) -> bool:
    """Return whether this corpus was begun to be fetched into this folder."""
    try:
        return (folder / TERMS).read_text(encoding="utf-8") == terms_text(corpus)
    except (OSError, UnicodeDecodeError):
        return False


def _obtain(
    corpus: Corpus,
    remote: Remote,
    folder: Path,
    origin: str | None,
    sha256: str,
    overwrite: bool,
    patience: Patience | None,
    progress: Progress | None,
) -> FetchedFile:
    """See to it that one file is there, with the right sum."""
    path = folder / remote.name
    is_pinned = sha256 == remote.sha256
    came_from = remote.address if origin is None else _of(origin, corpus, remote)
    was_there = path.exists() and _is_right(path, sha256, overwrite)
    if was_there:
        came_from = remote.address
    elif is_address(came_from):
        size = remote.size if is_pinned else None
        try:
            download(came_from, path, sha256, size, patience=patience, progress=progress)
        except NotFetchedError as error:
            raise DataError(f"{came_from} {error}\n{_by_hand(corpus, folder, path)}") from error
    else:
        _copy(Path(came_from), path, sha256)
    return FetchedFile(
        name=remote.name,
        origin=came_from,
        size=path.stat().st_size,
        sha256=sha256,
        is_pinned=is_pinned,
        was_there=was_there,
    )


def _is_right(path: Path, sha256: str, overwrite: bool) -> bool:
    found = sha256_of(path)
    if found == sha256:
        return True
    if overwrite:
        return False
    raise DataError(
        f"exists already, with the SHA-256 {found}, not {sha256}; move it away, or add "
        f"--overwrite to fetch it, or --sha256 {found} if you trust it",
        path=path,
    )


def _of(origin: str, corpus: Corpus, remote: Remote) -> str:
    """Report where a file of a corpus is, if the corpus is there."""
    if "://" in origin and not is_address(origin):
        raise ConfigError(f"{origin} is neither a file nor an http or https address")
    if is_address(origin):
        is_folder = origin.endswith("/") or len(corpus.remotes) > 1
        return f"{origin.rstrip('/')}/{remote.name}" if is_folder else origin
    path = Path(origin)
    if len(corpus.remotes) > 1 and path.is_file():
        names = " and ".join(each.name for each in corpus.remotes)
        raise ConfigError(f"{origin} is one file; expected the folder that has {names}")
    return str(path / remote.name if path.is_dir() or len(corpus.remotes) > 1 else path)


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


def _by_hand(corpus: Corpus, folder: Path, refused: Path) -> str:
    """Report what to fetch by hand, and where to put it."""
    paths = {remote.address: folder / remote.name for remote in corpus.remotes}
    lines = ["To continue by hand, fetch with a browser, or on another machine,"]
    for address, path in paths.items():
        if path == refused or not path.exists():
            lines += [f"    {address}", f"and put it at {path}"]
    lines.append("then type the same command again. A mirror of it can be named with --from.")
    return "\n".join(lines)
