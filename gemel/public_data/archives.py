"""Read publishers' archives, write the files that gemel reads, and count their rows."""

import csv
import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.data import BadRows, Columns, Source, stream_pairs, stream_questions, stream_unlabelled
from gemel.errors import DataError
from gemel.files import new_file
from gemel.public_data.catalogue import CorpusPart, Holds, PublicCorpus
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


@dataclass
class RowCounts:
    """Counts of one part."""

    rows: int = 0
    """Readable ones."""
    duplicates: int | None = None
    """Rows labelled 1, where there are labels."""
    left_out: int = 0
    """Rows with a missing column or an unknown label."""


def convert(
    corpus: PublicCorpus, folder: Path, progress: Progress | None = None
) -> list[RowCounts]:
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
    bad_rows = BadRows(_MOST_LEFT_OUT, list_of_bad)
    list_of_bad.unlink(missing_ok=True)
    packed = {part.member: part for part in corpus.parts if part.member}
    counted: dict[str, RowCounts] = {}
    if packed:
        archive = folder / corpus.remotes[0].name
        with ExitStack() as stack, open_members(archive, packed) as members:
            for member, stream in members:
                part = packed[member]
                out = stack.enter_context(new_file(folder / part.name))
                source = Source(archive / member, ".tsv", stream)
                rows = _rows(part, source, Columns(quotes=False, html="keep"), bad_rows)
                text = io.TextIOWrapper(out, encoding="utf-8", newline="")
                writer = csv.writer(text, delimiter="\t", lineterminator="\n")
                writer.writerow(_HEADERS[part.holds])
                counted[part.name] = _count(part, _written(rows, writer), bad_rows, progress)
                text.detach()
    for part in corpus.parts:
        if not part.member:
            rows = _rows(part, Source.of(folder / part.name), Columns(), bad_rows)
            counted[part.name] = _count(part, rows, bad_rows, progress)
    return [counted[part.name] for part in corpus.parts]


def _rows(
    part: CorpusPart, source: Source, columns: Columns, bad_rows: BadRows
) -> Iterator[Sequence[Any]]:
    if part.holds == Holds.QUESTIONS:
        for question in stream_questions(source, skip_bad=bad_rows):
            yield (question.text,)
    elif part.holds == Holds.UNLABELLED:
        for unlabelled in stream_unlabelled(source, columns, bad_rows):
            yield unlabelled.left, unlabelled.right
    else:
        for pair in stream_pairs(source, columns, bad_rows):
            yield pair.left, pair.right, int(pair.is_duplicate)


def _written(rows: Iterator[Sequence[Any]], writer: Any) -> Iterator[Sequence[Any]]:
    for row in rows:
        writer.writerow(row)
        yield row


def _count(
    part: CorpusPart, rows: Iterator[Sequence[Any]], bad_rows: BadRows, progress: Progress | None
) -> RowCounts:
    before = bad_rows.count
    counts = RowCounts(duplicates=0 if part.holds == Holds.PAIRS else None)
    for row in rows:
        counts.rows += 1
        if counts.duplicates is not None:
            counts.duplicates += row[2]
        if progress is not None and counts.rows % _PROGRESS_EVERY == 0:
            progress(f"reading {part.name}", counts.rows, part.rows)
    counts.left_out = bad_rows.count - before
    return counts


@contextmanager
def open_members(
    path: Path, names: Collection[str]
) -> Iterator[Iterator[tuple[str, io.BufferedReader]]]:
    """Open members of a `.zip` or `.tar.gz` archive, in its order; nothing is unpacked to disk.

    Yields:
        Names and contents; a content is closed when the next is requested.

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
        yield name, io.BufferedReader(_Forward(stream))
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
        bounded: Any = _Bounded(unpacked, path)
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
    """Readable stream without seeking, which tarfile's own does not declare."""

    def __init__(self, stream: Any):
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


class _Bounded:
    """Stream that raises after `LARGEST` bytes."""

    def __init__(self, stream: Any, path: Path):
        self._stream = stream
        self._path = path
        self._allowed = LARGEST

    def read(self, size: int) -> bytes:
        content: bytes = self._stream.read(size)
        self._allowed -= len(content)
        if self._allowed < 0:
            raise _too_large(self._path)
        return content


def _too_large(path: Path) -> DataError:
    return DataError(
        f"holds more than {LARGEST:,} bytes; it is not the archive expected", path=path
    )
