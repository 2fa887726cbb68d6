"""Read publishers' archives, write the files that gemel reads, and count their rows."""

import csv
import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.data import BadRows, Columns, Source, stream_pairs, stream_questions, stream_unlabelled
from gemel.errors import DataError
from gemel.files import new_file
from gemel.public_data.catalogue import CorpusPart, Holds, PublicCorpus
from gemel.public_data.http_download import sha256_of
from gemel.text import Progress

LEFT_OUT = "left-out.jsonl"
"""File that lists the rows left out."""
LARGEST = 1 << 29
"""Maximum bytes of an archive, unpacked."""
_MOST_LEFT_OUT = 1000
"""Rows; with more it is not the expected file."""
_CHUNK = 1 << 16
_ENCRYPTED = 1
_PROGRESS_EVERY = 10_000
_HEADERS = {
    Holds.PAIRS: ("question1", "question2", "is_duplicate"),
    Holds.UNLABELLED: ("question1", "question2"),
}


@dataclass(frozen=True)
class FetchedPart:
    """A file that gemel reads."""

    name: str
    holds: str
    """pairs, unlabelled pairs or questions."""
    rows: int
    duplicates: int | None
    """Rows labelled 1, where there are labels."""
    left_out: int
    """Unreadable rows, listed in a file of their own; the publisher's file still has them."""
    published: int
    """Rows that the publisher reports."""
    sha256: str


def convert(
    corpus: PublicCorpus, folder: Path, progress: Progress | None = None
) -> tuple[FetchedPart, ...]:
    """Write the parts that are in the archive, all or none, and count the rows of every part.

    GLUE and PAWS separate columns by tabs without quoting; quotes are added where needed. The
    texts are unchanged.

    Args:
        corpus: the corpus.
        folder: of the publisher's files, and for the parts.
        progress: callback.

    Raises:
        DataError: the archive is not as expected, or too many rows are not.
    """
    list_of_bad = folder / LEFT_OUT
    list_of_bad.unlink(missing_ok=True)
    bad_rows = BadRows(_MOST_LEFT_OUT, list_of_bad)
    packed = {part.member: part for part in corpus.parts if part.member}
    counted = {}
    if packed:
        archive = folder / corpus.remotes[0].name
        with ExitStack() as stack, open_members(archive, packed) as members:
            for member, stream in members:
                part = packed[member]
                out = stack.enter_context(new_file(folder / part.name))
                source = Source(archive / member, ".tsv", stream)
                columns = Columns(quotes=False, html="keep")
                text = io.TextIOWrapper(out, encoding="utf-8", newline="")
                writer = csv.writer(text, delimiter="\t", lineterminator="\n")
                writer.writerow(_HEADERS[part.holds])
                counted[part] = _count(part, source, columns, bad_rows, progress, writer.writerow)
                text.detach()
    for part in corpus.parts:
        if not part.member:
            source = Source.of(folder / part.name)
            counted[part] = _count(part, source, Columns(), bad_rows, progress)
    return tuple(
        FetchedPart(
            name=part.name,
            holds=part.holds.value,
            rows=rows,
            duplicates=duplicates if part.holds == Holds.PAIRS else None,
            left_out=left_out,
            published=part.rows,
            sha256=sha256_of(folder / part.name),
        )
        for part in corpus.parts
        for rows, duplicates, left_out in [counted[part]]
    )


def _count(
    part: CorpusPart,
    source: Source,
    columns: Columns,
    bad_rows: BadRows,
    progress: Progress | None,
    write: Callable[[Sequence[Any]], object] | None = None,
) -> tuple[int, int, int]:
    """Read a part; return the numbers of rows, of duplicates, and of rows left out."""
    before = bad_rows.count
    number = duplicates = 0
    for row in _rows(part.holds, source, columns, bad_rows):
        if write is not None:
            write(row)
        number += 1
        duplicates += row[-1] == 1
        if progress is not None and number % _PROGRESS_EVERY == 0:
            progress(f"reading {part.name}", number, part.rows)
    return number, duplicates, bad_rows.count - before


def _rows(
    holds: Holds, source: Source, columns: Columns, bad_rows: BadRows
) -> Iterator[Sequence[Any]]:
    match holds:
        case Holds.QUESTIONS:
            return ((each.text,) for each in stream_questions(source, skip_bad=bad_rows))
        case Holds.UNLABELLED:
            unlabelled = stream_unlabelled(source, columns, bad_rows)
            return ((each.left, each.right) for each in unlabelled)
        case Holds.PAIRS:
            pairs = stream_pairs(source, columns, bad_rows)
            return ((each.left, each.right, int(each.is_duplicate)) for each in pairs)


@contextmanager
def open_members(
    path: Path, names: Collection[str]
) -> Iterator[Iterator[tuple[str, io.BufferedReader]]]:
    """Yield names and contents of members of a `.zip` or `.tar.gz` archive, in its order.

    Nothing is unpacked to disk. A content is closed when the next is requested.

    Raises:
        DataError: the archive is damaged or too large; a member is missing, there twice, or not a
            plain file.
    """
    try:
        yield _each_once(path, names)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        gzip.BadGzipFile,
        zlib.error,
        EOFError,
        NotImplementedError,  # a compression that Python does not know
    ) as error:
        raise DataError(f"is not a whole archive: {error}", path=path) from error


def _each_once(path: Path, names: Collection[str]) -> Iterator[tuple[str, io.BufferedReader]]:
    left = set(names)
    opened = _zipped if path.suffix == ".zip" else _tarred
    for name, stream in opened(path, names):
        if name not in left:
            raise DataError(f"has {name} twice", path=path)
        left.remove(name)
        yield name, io.BufferedReader(_Forward(stream, path))
    if left:
        missing = " and no ".join(sorted(left))
        raise DataError(f"has no {missing}; it is not the archive expected", path=path)


def _zipped(path: Path, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        allowed = LARGEST
        for member in archive.infolist():
            if member.filename not in names:
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir() or kind not in (0, stat.S_IFREG):
                raise DataError(f"has {member.filename}, which is no plain file", path=path)
            if member.flag_bits & _ENCRYPTED:
                raise DataError(f"has {member.filename} under a password", path=path)
            allowed -= member.file_size  # zipfile never unpacks more than this
            if allowed < 0:
                raise _too_large(path)
            with archive.open(member) as stream:
                yield member.filename, stream


def _tarred(path: Path, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    with gzip.open(path) as unpacked:
        bounded = _Forward(unpacked, path)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for member in archive:
                if member.name not in names:
                    continue
                # A sparse member may expand to any number of zeros.
                is_plain = member.isreg() and not member.issparse()
                stream = archive.extractfile(member) if is_plain else None
                if stream is None:
                    raise DataError(f"has {member.name}, which is no plain file", path=path)
                with stream:
                    yield member.name, stream
        while bounded.read(_CHUNK):  # to the end, where gzip checks its checksum
            pass


class _Forward(io.RawIOBase):
    """Readable stream without seeking that raises after `LARGEST` bytes."""

    def __init__(self, stream: Any, path: Path):
        self._stream = stream
        self._path = path
        self._allowed = LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(len(buffer))
        self._allowed -= len(content)
        if self._allowed < 0:
            raise _too_large(self._path)
        buffer[: len(content)] = content
        return len(content)


def _too_large(path: Path) -> DataError:
    return DataError(
        f"holds more than {LARGEST:,} bytes; it is not the archive expected", path=path
    )
