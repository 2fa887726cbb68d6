"""Atomic writes: a reader sees the old file or folder, or the new one, never a half.

A killed process leaves nothing where Linux can write files without a name. Elsewhere, and for
folders, it leaves `.NAME.tmp-….gemel` or `.NAME.new-….gemel`, which the next process that writes
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
from collections.abc import Collection, Iterator
from io import BufferedWriter
from pathlib import Path

from gemel.errors import DataError, FolderError

_TEMPORARY = re.compile(r"\.(.+)\.(tmp|new|old)-[a-z0-9_]{8}\.gemel")
_SUFFIX = ".gemel"


def path_text(path: str | Path) -> str:
    r"""Return a path as valid UTF-8 text; other bytes become `\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    with _closing(os.open(path, os.O_RDONLY)) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BufferedWriter]:
    """Write a temporary file next to `path`; at the end sync it and rename it to `path`.

    Raises:
        OSError: the parent is missing or read-only, or the disk is full; `path` is untouched.
    """
    remove_leftovers(path.parent)
    descriptor, temporary = _create(path)
    try:
        with _closing(descriptor), os.fdopen(descriptor, "wb", closefd=False) as stream:
            yield stream
            stream.flush()
            os.fchmod(descriptor, 0o666 & ~_umask())
            os.fsync(descriptor)
            temporary = temporary or _give_name(descriptor, path)
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
    """Sync a finished file of the same disk and rename it to `path`, which must not exist.

    Raises:
        FileExistsError: `path` exists.
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


def _give_name(descriptor: int, path: Path) -> Path:
    """Link a file without a name to a temporary name next to `path`."""
    temporary = path.with_name(f".{path.name}.tmp-{secrets.token_hex(4)}{_SUFFIX}")
    with _closing(os.open(path.parent, os.O_RDONLY)) as folder:
        # Without `dst_dir_fd` Python does not follow the link.
        os.link(f"/proc/self/fd/{descriptor}", temporary.name, dst_dir_fd=folder)
    return temporary


def _lock(descriptor: int, path: Path | None = None) -> bool:
    """Lock a temporary file or folder; False if it was just removed as a leftover."""
    with contextlib.suppress(OSError):  # no locks on some network disks: nothing is removed
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        return path is None or os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files and folders of killed gemel processes from a folder.

    Locked ones, which are in use, and those of other users stay.
    """
    try:
        found = [_TEMPORARY.fullmatch(entry.name) for entry in folder.iterdir()]
    except OSError:
        return
    for each in filter(None, found):
        # Until the new folder is in place, the old one is the only copy.
        if each[2] != "old" or (folder / each[1]).exists():
            with contextlib.suppress(OSError):
                _remove_unless_used(folder / each[0])


def _remove_unless_used(path: Path) -> None:
    with _closing(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as descriptor:
        about = os.fstat(descriptor)
        if about.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISDIR(about.st_mode):
                shutil.rmtree(path)
            elif stat.S_ISREG(about.st_mode):
                path.unlink()


@contextlib.contextmanager
def temporary_folder(path: Path, kind: str = "tmp") -> Iterator[Path]:
    """Create a folder next to `path`, removed at the end, or later if this process is killed.

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
    """Write a file whole or not at all; see `new_file`."""
    with new_file(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text whole or not at all; see `new_file`."""
    write_bytes(path, content.encode("utf-8"))


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of an untrusted folder, of at most `limit` bytes.

    Symbolic links are refused (except as parent folders), as are pipes and devices.

    Raises:
        FolderError: not a regular file, or too large.
        OSError: missing or not readable.
    """
    try:
        opened = os.open(path, _UNTRUSTED)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise _not_regular(path) from error
        raise
    with _closing(opened) as descriptor:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(path)
        if found.st_size > limit:
            raise FolderError(f"{path}: {found.st_size:,} bytes; expected at most {limit:,}")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(found.st_size)


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
    """Raise `OSError`, before long work, if `path` cannot be written."""
    place = path.resolve().parent
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise _not_folder(place)
    Path(tempfile.mkdtemp(dir=place, prefix=f".{path.resolve().name}.try-")).rmdir()


def _not_folder(path: Path) -> NotADirectoryError:
    return NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def require_new_file(path: Path, kinds: Collection[str], *, overwrite: bool) -> None:
    """Refuse an output file of another kind, or one that would be overwritten by mistake.

    Raises:
        DataError: `path` has none of the endings `kinds`, is a folder, or exists.
    """
    if path.suffix not in kinds:
        raise DataError(
            f"is of no known kind; expected a name ending in {', '.join(kinds)}", path=path
        )
    if path.is_dir():
        raise DataError("is a folder; expected a file to write", path=path)
    if path.exists() and not overwrite:
        raise DataError("exists already; name another file, or add --overwrite", path=path)


def check_replaceable(path: Path) -> None:
    """Raise `FolderError` if `path` is the current folder or a mount point: not replaceable."""
    if path.exists() and path.resolve() == Path.cwd():
        raise FolderError(f"{path}: is the current folder, which cannot be replaced; go to another")
    if path.is_mount():
        raise FolderError(f"{path}: is a mount point, which cannot be replaced; name one inside it")


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a temporary folder, and rename it to `path` at the end, whole or not at all.

    An existing folder stays until the new one is complete. Between the two renames that swap them
    it is next to it, under a name that starts with a dot.

    Raises:
        OSError: `path` is a file, the parent is read-only or the disk is full; `path` is unchanged.
    """
    path = path.resolve()
    if path.exists() and not path.is_dir():
        raise _not_folder(path)
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
            error.filename = str(path)  # a full disk names no file
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
