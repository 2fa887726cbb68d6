"""Writing to disk so that a reader sees the old or the new, never a half.

A process that is killed leaves nothing where Linux can write files without a name. Elsewhere, and
of folders, it leaves `.NAME.tmp-….gemel` or `.NAME.new-….gemel`, which the next one that writes
in that folder, or opens a corpus there, removes.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path

from gemel.errors import FolderError

_TEMPORARY = re.compile(r"\.(.+)\.(tmp|new|old)-[a-z0-9_]{8}\.gemel")
_SUFFIX = ".gemel"


def path_text(path: str | Path) -> str:
    r"""Return a path as a text that UTF-8 can write; bytes that are no UTF-8 become `\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BufferedWriter]:
    """Fill a temporary file next to `path`, and at the end fsync it and rename it to `path`.

    Args:
        path: the file to create or replace; its parent must exist.

    Yields:
        The stream to write into.

    Raises:
        OSError: the parent is missing or read-only, or the disk is full; `path` is untouched.
    """
    remove_leftovers(path.parent)
    descriptor, temporary = _create(path)
    try:
        with _stream(descriptor) as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), 0o666 & ~_umask())
            os.fsync(stream.fileno())
            temporary = temporary or _give_name(stream.fileno(), path)
            temporary.replace(path)
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _create(path: Path) -> tuple[int, Path | None]:
    """Create a locked file next to `path`, without a name where the system can."""
    if hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").is_dir():
        with contextlib.suppress(OSError):
            descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            _lock(descriptor)
            return descriptor, None
    while True:
        descriptor, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.tmp-", suffix=_SUFFIX
        )
        if _lock(descriptor, Path(name)):
            return descriptor, Path(name)
        os.close(descriptor)


def place_file(fresh: Path, path: Path) -> None:
    """Sync a finished file of the same disk and give it the name `path`, which must be free.

    Raises:
        FileExistsError: something is at `path`.
        OSError: the folder is read-only, or the disk is full.
    """
    _sync(fresh)
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        fresh.rename(path)
    _sync(path.parent)


def _stream(descriptor: int) -> BufferedWriter:
    try:
        return os.fdopen(descriptor, "wb")
    except BaseException:
        os.close(descriptor)
        raise


def _give_name(descriptor: int, path: Path) -> Path:
    """Return a file without a name one next to `path`."""
    temporary = path.with_name(f".{path.name}.tmp-{secrets.token_hex(4)}{_SUFFIX}")
    folder = os.open(path.parent, os.O_RDONLY)
    try:  # only with a folder does Python have the system follow the link
        os.link(f"/proc/self/fd/{descriptor}", temporary.name, dst_dir_fd=folder)
    finally:
        os.close(folder)
    return temporary


def _lock(descriptor: int, path: Path | None = None) -> bool:
    """Mark a temporary file or folder as in use; False if it was just removed as a leftover."""
    with contextlib.suppress(OSError):  # some network disks have no locks; there nothing is removed
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        return path is None or os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files and folders that killed processes of gemel left in a folder.

    What is in use is locked, and stays; so does what belongs to another user.
    """
    try:
        found = [_TEMPORARY.fullmatch(entry.name) for entry in folder.iterdir()]
    except OSError:
        return
    for each in filter(None, found):
        # An old folder is the only copy where the new one has not taken its place.
        if each[2] != "old" or (folder / each[1]).exists():
            with contextlib.suppress(OSError):
                _remove_unless_used(folder / each[0])


def _remove_unless_used(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        about = os.fstat(descriptor)
        if about.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISDIR(about.st_mode):
                shutil.rmtree(path)
            elif stat.S_ISREG(about.st_mode):
                path.unlink()
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def temporary_folder(path: Path, kind: str = "tmp") -> Iterator[Path]:
    """Lend a folder next to `path`, which is removed at the end, or later if this is killed.

    Args:
        path: what it is for; its parent must exist.
        kind: `tmp` or `new`, in its name.

    Raises:
        OSError: the parent is missing or read-only, or the disk is full.
    """
    remove_leftovers(path.parent)
    while True:
        prefix = f".{path.name}.{kind}-"
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=prefix, suffix=_SUFFIX))
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        if _lock(descriptor, folder):
            break
        os.close(descriptor)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


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
            return stream.read(found.st_size)
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
    """Fill a folder next to `path` and put it in place at the end, whole or not at all.

    A folder that is at `path` stays until the new one is complete. Between the two renames
    that swap them the old one is next to it under a name that starts with a dot.

    Args:
        path: path of the folder.

    Yields:
        The temporary folder to write into.

    Raises:
        OSError: a file is at `path`, the parent is read-only or the disk is full; what stood
            at `path` stays.
    """
    path = path.resolve()
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary_folder(path, "new") as fresh:
            yield fresh
            for file in fresh.iterdir():
                _sync(file)
            fresh.chmod(0o777 & ~_umask())
            _sync(fresh)
            _put_in_place(fresh, path)
    except OSError as error:
        if error.errno and not error.filename:
            error.filename = str(path)  # a full disk does not state where
        raise


def _put_in_place(fresh: Path, path: Path) -> None:
    if not path.exists():
        fresh.rename(path)
        _sync(path.parent)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old-", suffix=_SUFFIX))
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
    shutil.rmtree(old, ignore_errors=True)
