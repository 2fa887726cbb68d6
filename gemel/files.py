"""Writing to disk so that a reader sees the old or the new, never a half."""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path

from gemel.errors import FolderError

__all__ = [
    "check_replaceable",
    "check_writable",
    "new_file",
    "new_folder",
    "read_regular_file",
    "write_bytes",
    "write_text",
]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BufferedWriter]:
    """Fill a temporary file beside `path`, and at the end fsync it and rename it to `path`.

    Args:
        path: the file to create or replace; its parent must exist.

    Yields:
        The stream to write into.

    Raises:
        OSError: the parent is missing or read-only, or the disk is full; `path` is untouched.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.tmp-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, as `new_file` does."""
    with new_file(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text as `write_bytes` does."""
    write_bytes(path, content.encode("utf-8"))


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of an untrusted folder.

    A symbolic link is not followed, and a pipe or device is not waited for.

    Args:
        path: the file; its parent folders may be symbolic links.
        limit: largest size accepted, in bytes.

    Raises:
        FolderError: not a regular file, or larger than `limit`.
        OSError: missing or not readable.
    """
    try:
        descriptor = os.open(path, _UNTRUSTED)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise _not_regular(path) from error
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(path)
        if found.st_size > limit:
            raise FolderError(f"{path}: {found.st_size:,} bytes; expected at most {limit:,}")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(limit)
    finally:
        os.close(descriptor)


# Opening a pipe would wait for its writer; Windows has neither links nor pipes in folders.
_UNTRUSTED = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def _not_regular(path: Path) -> FolderError:
    kind = "a symbolic link" if path.is_symlink() else "not a regular file"
    return FolderError(f"{path}: {kind}; copy the file itself into the folder")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_writable(path: Path) -> None:
    """Find out, before long work, whether something can be written at `path`.

    Raises:
        OSError: it cannot: a file in the way, a read-only place, a name the system does not take.
    """
    place = path.resolve().parent
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
    Path(tempfile.mkdtemp(dir=place, prefix=f".{path.resolve().name}.try-")).rmdir()


def check_replaceable(path: Path) -> None:
    """Find out, before long work, whether a folder could take the place of what is at `path`.

    Raises:
        FolderError: no folder can: it is the current one, or a disk is mounted there.
    """
    if path.exists() and path.resolve() == Path.cwd():
        raise FolderError(f"{path}: is the current folder, which cannot be replaced; go to another")
    if path.is_mount():
        raise FolderError(f"{path}: is a mount point, which cannot be replaced; name one inside it")


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a folder beside `path` and put it in place at the end, whole or not at all.

    A folder that stands at `path` stays until the new one is complete. Between the two renames
    that swap them the old one lies beside it under a name that starts with a dot.

    Args:
        path: where the folder shall be.

    Yields:
        The temporary folder to write into.

    Raises:
        OSError: a file stands at `path`, the parent is read-only or the disk is full; what stood
            at `path` stays.
    """
    path = path.resolve()
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.new-"))
    try:
        yield fresh
        for file in fresh.iterdir():
            _sync(file)
        fresh.chmod(0o777 & ~_umask())
        _sync(fresh)
        _put_in_place(fresh, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.errno and not error.filename:
            error.filename = str(path)  # a full disk does not say where
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _put_in_place(fresh: Path, path: Path) -> None:
    if not path.exists():
        fresh.rename(path)
        _sync(path.parent)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old-"))
    try:
        path.rename(old)
    except BaseException:
        old.rmdir()
        raise
    try:
        fresh.rename(path)
    except BaseException:
        old.rename(path)
        raise
    _sync(path.parent)
    shutil.rmtree(old)
