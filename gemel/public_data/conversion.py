"""Convert published archives to files that gemel reads."""

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
from gemel.public_data.catalogue import Corpus, Holds, Part
from gemel.text import Progress

LARGEST = 1 << 29
"""Bytes that an archive may have, unpacked."""
_CHUNK = 1 << 16
_ENCRYPTED = 1


@contextmanager
def open_members(
    path: Path, names: Collection[str]
) -> Iterator[Iterator[tuple[str, io.BufferedReader]]]:
    """Open some members of an archive, one after the other, in its order.

    Args:
        path: a `.zip` or `.tar.gz` file.
        names: of the members, as the archive spells them; others are not looked at.

    Yields:
        Names and contents; a content is gone when the next is asked for.

    Raises:
        DataError: the archive is damaged or too large; one of them is missing, there twice, or
            no plain file.
    """
    try:
        yield _each_once(path, names)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        gzip.BadGzipFile,
        zlib.error,
        EOFError,
        NotImplementedError,  # a way of packing that Python does not know
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
        room = LARGEST
        for member in archive.infolist():
            if member.filename not in names:
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir() or kind not in (0, stat.S_IFREG):
                raise DataError(f"has {member.filename}, which is no plain file", path=path)
            if member.flag_bits & _ENCRYPTED:
                raise DataError(f"has {member.filename} under a password", path=path)
            room -= member.file_size  # more than it gives is never unpacked
            if room < 0:
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
                # A sparse one may hold any number of zeros, which the archive has not.
                is_plain = member.isreg() and not member.issparse()
                stream = archive.extractfile(member) if is_plain else None
                if stream is None:
                    raise DataError(f"has {member.name}, which is no plain file", path=path)
                with stream:
                    yield member.name, stream
        while bounded.read(_CHUNK):  # to the end, where gzip's own sum is
            pass


class _Forward(io.RawIOBase):
    """Reads a stream from front to back; tarfile's own cannot even report that they do no more."""

    def __init__(self, stream: Any):
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


class _Bounded:
    """Gives what a stream gives, up to a bound."""

    def __init__(self, stream: Any, path: Path):
        self._stream = stream
        self._path = path
        self._room = LARGEST

    def read(self, size: int) -> bytes:
        content: bytes = self._stream.read(size)
        self._room -= len(content)
        if self._room < 0:
            raise _too_large(self._path)
        return content


def _too_large(path: Path) -> DataError:
    return DataError(
        f"holds more than {LARGEST:,} bytes; it is not the archive expected", path=path
    )


LEFT_OUT = "left-out.jsonl"
"""The list of the rows that do not fit."""
_FEW = 1000
"""Rows that may be left out: more, and the file is not what we take it for."""
_EVERY = 10_000
_HEADERS = {
    Holds.PAIRS: ("question1", "question2", "is_duplicate"),
    Holds.UNLABELLED: ("question1", "question2"),
}


@dataclass
class Counts:
    """What was found in a part."""

    rows: int = 0
    """That gemel can read."""
    duplicates: int | None = None
    """How many of them are labelled 1, where there are labels."""
    left_out: int = 0
    """That do not fit: a column too few, a label that is none."""


def convert(corpus: Corpus, folder: Path, progress: Progress | None = None) -> list[Counts]:
    """Write the parts of a corpus that are in its archive, all or none; count the rows of all.

    GLUE and PAWS write their columns with tabs between and no quotes around: what gemel reads at
    once has quotes where they are needed. The texts stay as they are.

    Args:
        corpus: which.
        folder: where the publisher's files lie, and its parts should.
        progress: `progress(done, total)` callback, in rows were read.

    Returns:
        What was found in each part.

    Raises:
        DataError: the archive is not as expected, or many rows are not.
    """
    list_of_bad = folder / LEFT_OUT
    bad_rows = BadRows(_FEW, list_of_bad)
    list_of_bad.unlink(missing_ok=True)
    packed = {part.member: part for part in corpus.parts if part.member}
    counted: dict[str, Counts] = {}
    if packed:
        archive = folder / corpus.remotes[0].name
        with ExitStack() as stack, open_members(archive, packed) as members:
            for member, stream in members:
                part = packed[member]
                out = stack.enter_context(new_file(folder / part.name))
                source = Source(archive / member, ".tsv", stream)
                rows = _rows(part, source, Columns(quotes=False, html="keep"), bad_rows)
                counted[part.name] = _write(out, part, rows, bad_rows, progress)
    for part in corpus.parts:
        if not part.member:
            rows = _rows(part, Source.of(folder / part.name), Columns(), bad_rows)
            counted[part.name] = _count(part, rows, bad_rows, progress)
    return [counted[part.name] for part in corpus.parts]


def _rows(
    part: Part, source: Source, columns: Columns, bad_rows: BadRows
) -> Iterator[Sequence[Any]]:
    """Return the rows of a part as they are written."""
    if part.holds == Holds.QUESTIONS:
        for question in stream_questions(source, skip_bad=bad_rows):
            yield (question.text,)
    elif part.holds == Holds.UNLABELLED:
        for unlabelled in stream_unlabelled(source, columns, bad_rows):
            yield unlabelled.left, unlabelled.right
    else:
        for pair in stream_pairs(source, columns, bad_rows):
            yield pair.left, pair.right, int(pair.is_duplicate)


def _count(
    part: Part, rows: Iterator[Sequence[Any]], bad_rows: BadRows, progress: Progress | None
) -> Counts:
    before = bad_rows.count
    counts = Counts(duplicates=0 if part.holds == Holds.PAIRS else None)
    for row in rows:
        counts.rows += 1
        if counts.duplicates is not None:
            counts.duplicates += row[2]
        if progress is not None and counts.rows % _EVERY == 0:
            progress(f"reading {part.name}", counts.rows, part.rows)
    counts.left_out = bad_rows.count - before
    return counts


def _write(
    out: io.BufferedWriter,
    part: Part,
    rows: Iterator[Sequence[Any]],
    bad_rows: BadRows,
    progress: Progress | None,
) -> Counts:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(_HEADERS[part.holds])

    def written() -> Iterator[Sequence[Any]]:
        for row in rows:
            writer.writerow(row)
            yield row

    counts = _count(part, written(), bad_rows, progress)
    text.detach()
    return counts
