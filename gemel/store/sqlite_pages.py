"""Unused bytes of an SQLite file's pages, which `secure_delete` does not clear.

When SQLite moves rows between pages it leaves copies of them in the unused bytes of the old page.
A row that is deleted later is cleared where it is, not where it was.

Source: sqlite.org/fileformat2.html, "B-tree Pages"; `rebuildPage` in SQLite's btree.c.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

OPENING = Lock()
"""Held while a connection is opened, so that `release_raw` counts it."""
_RAW: dict[tuple[int, int], int] = {}
"""Descriptors of `open_raw`, by device and inode."""
_HEADER = struct.Struct(">BHHHxI")
_BLOCK = struct.Struct(">HH")
_LEFT = struct.Struct(">I")
_INTERIOR, _LEAVES = (2, 5), (10, 13)
"""Kinds of B-tree pages."""


def open_raw(path: Path) -> int:
    """Open an SQLite file for `clear_unused`, and return its descriptor.

    Never close it: that would drop the locks of all connections of this process to the file
    (POSIX). `release_raw` closes it when there are none.
    """
    found = path.stat()
    identity = found.st_dev, found.st_ino
    with OPENING:
        if identity not in _RAW:
            _RAW[identity] = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        return _RAW[identity]


def release_raw(identity: tuple[int, int] | None) -> None:
    """Close the descriptor of a file, by device and inode, unless it is open elsewhere."""
    with OPENING, suppress(OSError):  # without /dev/fd it stays open
        if identity in _RAW and _descriptors(identity) == [_RAW[identity]]:
            os.close(_RAW.pop(identity))


def _descriptors(identity: tuple[int, int]) -> list[int]:
    found = []
    for entry in Path("/dev/fd").iterdir():
        with suppress(OSError):  # the descriptor of the listing itself
            about = os.fstat(int(entry.name))
            if (about.st_dev, about.st_ino) == identity:
                found.append(int(entry.name))
    return found


def clear_unused(file: int, roots: Iterable[int]) -> int:
    """Zero the unused bytes of all B-tree pages, and sync the file.

    No byte that SQLite reads is changed, so a kill at any moment leaves an intact file. The caller
    holds the write lock, and the write-ahead log is empty: otherwise a page could be replaced
    between reading and writing it.

    Args:
        file: descriptor of the SQLite file.
        roots: page numbers of the roots of all tables and indexes.

    Returns:
        Number of changed pages.

    Raises:
        ValueError: a page is damaged.
    """
    head = os.pread(file, 100, 0)
    size = int.from_bytes(head[16:18], "big")
    size = 65_536 if size == 1 else size
    usable = size - head[20]
    pages = os.fstat(file).st_size // size
    seen = bytearray(pages + 1)
    waiting = list(roots)
    changed = 0
    while waiting:
        number = waiting.pop()
        if not 0 < number <= pages or seen[number]:
            raise ValueError(f"page {number} of {pages} is damaged")
        seen[number] = 1
        start = (number - 1) * size
        page = os.pread(file, size, start)
        try:
            unused, children = _read_page(page, 100 if number == 1 else 0, usable)
        except struct.error as error:
            raise ValueError(f"page {number} is damaged: {error}") from error
        for begin, end in unused:
            os.pwrite(file, bytes(end - begin), start + begin)
        waiting += children
        changed += bool(unused)
    os.fsync(file)
    return changed


def _read_page(page: bytes, head: int, usable: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the non-zero unused ranges of a page, and its child pages."""
    kind, block, cells, content, right = _HEADER.unpack_from(page, head)
    first = head + (12 if kind in _INTERIOR else 8)
    ranges = [(first + 2 * cells, content or 65_536), *_free_blocks(page, block, usable)]
    if kind not in _INTERIOR + _LEAVES or any(not a <= b <= usable for a, b in ranges):
        raise struct.error("its header is wrong")
    unused = [(a, b) for a, b in ranges if page[a:b] != bytes(b - a)]
    children: list[int] = []
    if unused or kind in _INTERIOR:
        pointers = struct.unpack_from(f">{cells}H", page, first)
        if any(a <= pointer < b for a, b in unused for pointer in pointers):
            raise struct.error("a cell is in its unused bytes")
        if kind in _INTERIOR:
            children = [right, *(_LEFT.unpack_from(page, each)[0] for each in pointers)]
    return unused, children


def _free_blocks(page: bytes, block: int, usable: int) -> Iterator[tuple[int, int]]:
    while block:
        following, length = _BLOCK.unpack_from(page, block)
        if (following and following < block + length) or not 4 <= length <= usable - block:
            raise struct.error("its free blocks are wrong")
        yield block + 4, block + length
        block = following
