"""Fetching a file whole over a line that breaks, from a server that may say what is not so."""

import http.client
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.public_data.addresses import BrokenOffError, NotFetchedError, open_address
from gemel.public_data.partial import Partial, sha256_of
from gemel.text import Progress

LARGEST = 1 << 30
"""Bytes that are taken of a file whose size is not known."""
_CHUNK = 1 << 16
_OK, _PARTIAL, _NOT_THAT_RANGE = 200, 206, 416
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_MOST = 1000
"""Tries, whatever comes of them."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server, and how often to come back."""

    timeout: float = 30.0
    """Seconds without a byte."""
    tries: int = 5
    """That bring nothing new, one after the other; two if there never was an answer."""
    pause: float = 1.0
    """Seconds before the second try; doubled with each."""


def download(
    address: str,
    path: Path,
    sha256: str,
    size: int | None = None,
    *,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> None:
    """Fetch a file, whole and with the right sum, or not at all.

    What has come stays beside it in `NAME.part` until it is whole, and is not asked for again. It
    is removed if its sum is wrong.

    Args:
        address: http or https.
        path: where it shall be; what stands there is replaced.
        sha256: what its SHA-256 must be, in hexadecimal.
        size: bytes that it must have; None: any number up to a gibibyte.
        patience: with the server.
        progress: is told how much has come.

    Raises:
        NotFetchedError: it cannot be had, or is another file.
        DataError: another process is fetching it.
        OSError: it cannot be written.
    """
    patience = patience or Patience()
    with Partial.opened(path, address) as partial:
        was_there = partial.size > 0
        _complete(partial, size, patience, progress)
        found = sha256_of(partial.file)
        if found != sha256 and was_there:  # what was there may have been spoilt
            partial.restart()
            _complete(partial, size, patience, progress)
            found = sha256_of(partial.file)
        if found != sha256:
            came = partial.size
            partial.drop()
            raise NotFetchedError(
                f"gave another file: {came:,} bytes with the SHA-256 {found}, not {sha256}; "
                "it was removed"
            )
        partial.finish()


def _complete(
    partial: Partial, size: int | None, patience: Patience, progress: Progress | None
) -> None:
    """Come back until the file is whole, or until that brings nothing new."""
    furthest, idle, is_answered = partial.size, 0, False
    for _ in range(_MOST):
        try:
            return _receive(partial, size, patience, progress)
        except BrokenOffError as error:
            is_answered |= error.is_answered
            idle = 0 if partial.size > furthest else idle + 1
            furthest = max(furthest, partial.size)
            if idle >= (patience.tries if is_answered else min(2, patience.tries)):
                raise NotFetchedError(str(error)) from error
            time.sleep(max(error.wait, patience.pause * 2 ** max(0, idle - 1)))
    raise NotFetchedError(f"broke off {_MOST:,} times")


def _receive(
    partial: Partial, size: int | None, patience: Patience, progress: Progress | None
) -> None:
    """Ask once, for what is missing if that can be."""
    if size is not None and partial.size >= size:
        if partial.size == size:
            return
        partial.restart()
    with open_address(partial.address, _range(partial), patience.timeout) as answer:
        if answer.status == _NOT_THAT_RANGE:
            if answer.headers.get("Content-Range") == f"bytes */{partial.size}":
                return  # there is no more
            partial.restart()
            raise BrokenOffError("knows of no such part of the file")
        if answer.status not in (_OK, _PARTIAL):
            raise NotFetchedError(f"answers {answer.status} {answer.reason}")
        if answer.status == _PARTIAL and not _goes_on(partial, answer):
            partial.restart()
            raise BrokenOffError("goes on with another part, or with another version")
        is_new = answer.status == _OK
        end = _end(answer, 0 if is_new else partial.size)
        if size is not None and end is not None and end != size:
            raise NotFetchedError(f"says that the file has {end:,} bytes; expected {size:,}")
        if is_new:
            partial.restart(answer.headers)
        _read(partial, answer, size, end, progress)


def _range(partial: Partial) -> dict[str, str]:
    if not partial.size:
        return {}
    headers = {"Range": f"bytes={partial.size}-"}
    if partial.validator:
        headers["If-Range"] = partial.validator
    return headers


def _goes_on(partial: Partial, answer: Any) -> bool:
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != partial.size:
        return False
    return partial.is_of(answer.headers)


def _end(answer: Any, start: int) -> int | None:
    promised = answer.headers.get("Content-Length", "")
    return start + int(promised) if promised.isascii() and promised.isdigit() else None


def _read(
    partial: Partial, answer: Any, size: int | None, end: int | None, progress: Progress | None
) -> None:
    most = size or LARGEST
    while True:
        try:
            content = answer.read1(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            what = "sent nothing for too long" if isinstance(error, TimeoutError) else "broke off"
            raise BrokenOffError(f"{what} after {partial.size:,} bytes") from error
        if not content:
            break
        partial.write(content)
        if partial.size > most:
            partial.restart()
            raise NotFetchedError(f"sends more than {most:,} bytes")
        if progress is not None:
            progress(f"fetching {partial.path.name}", partial.size, size or end)
    wanted = end if size is None else size
    if wanted is not None and partial.size < wanted:
        raise BrokenOffError(f"broke off after {partial.size:,} of {wanted:,} bytes")
