"""Reading named members of an archive; nothing is ever written where an archive says."""

import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gemel.errors import DataError

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
            room -= member.file_size  # more than it says is never unpacked
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
    """Reads a stream from front to back; tarfile's own cannot even say that they do no more."""

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
