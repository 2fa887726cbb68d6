"""Download a file whole, over connections that break and from servers that answer wrongly."""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import re
import ssl
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from gemel.errors import DataError
from gemel.files import write_text
from gemel.text import Progress
from gemel.version import __version__

LARGEST = 1 << 30
"""Maximum bytes of a file of unknown size."""
_CHUNK = 1 << 16
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
"""Status codes worth another try."""
_OK, _PARTIAL, _RANGE_NOT_SATISFIABLE = 200, 206, 416
_LONGEST_WAIT = 60.0
"""Maximum seconds of `Retry-After` that are respected."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_MOST_TRIES = 1000
_VERSIONS = {"etag": "ETag", "last_modified": "Last-Modified"}
"""Headers that identify the version of a file, by their name in the notes."""


class NotFetchedError(Exception):
    """Permanent failure of an address; never leaves `gemel.public_data`."""


class BrokenOffError(Exception):
    """Failure that another try may cure.

    Args:
        problem: what happened.
        is_answered: whether a server answered at all.
        wait: seconds that the server asks for.
    """

    def __init__(self, problem: str, *, is_answered: bool = True, wait: float = 0.0):
        super().__init__(problem)
        self.is_answered = is_answered
        self.wait = wait


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Timeout and retries of a download."""

    timeout: float = 30.0
    """Seconds without a byte."""
    tries: int = 5
    """Consecutive tries without a new byte; at most two if no server ever answered."""
    pause: float = 1.0
    """Seconds before the second try; doubled each time."""


def download(
    address: str,
    path: Path,
    sha256: str,
    size: int | None = None,
    *,
    retries: RetryPolicy | None = None,
    progress: Progress | None = None,
) -> None:
    """Download a file, overwriting `path` only if the whole file has the right checksum.

    Received bytes stay in `NAME.part` and are not requested again. They are removed if the
    checksum of the whole is wrong.

    Args:
        address: http or https.
        path: the file to write.
        sha256: expected SHA-256, in hexadecimal.
        size: expected bytes; None: any number up to `LARGEST`.
        retries: see `RetryPolicy`.
        progress: callback.

    Raises:
        NotFetchedError: unavailable, or another file.
        DataError: another process is downloading it.
        OSError: cannot be written.
    """
    with Partial.opened(path, address) as partial:
        resumed = partial.size > 0
        while True:
            _complete(partial, size, retries or RetryPolicy(), progress)
            found = sha256_of(partial.file)
            if found == sha256:
                return partial.finish()
            received = partial.size
            if not resumed:
                partial.drop()
                raise NotFetchedError(
                    f"gave another file: {received:,} bytes with the SHA-256 {found}, not "
                    f"{sha256}; it was removed"
                )
            resumed = False
            partial.restart()  # the earlier bytes may be damaged


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Partial:
    """Received part of a file, `NAME.part`, with its origin in `NAME.part.json`.

    Create with `Partial.opened`. It outlives the process; only the checksum of the whole decides
    whether its bytes are right.
    """

    def __init__(self, path: Path, address: str):
        self.path = path
        self.address = address
        self.file = path.with_name(f"{path.name}.part")
        self._notes = path.with_name(f"{path.name}.part.json")
        self._stream = self.file.open("ab")

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path, address: str) -> "Iterator[Partial]":
        """Open and lock it, creating it if it is missing.

        Raises:
            DataError: another process has it open.
            OSError: the folder cannot be written to.
        """
        partial = cls(path, address)
        try:
            if not partial._is_locked():
                raise DataError("another process is fetching it; wait for it", path=path)
            if not partial._read_notes():
                partial.restart()
            yield partial
        finally:
            if not partial.size and partial._is_locked():
                partial.drop()
            partial._stream.close()

    def _is_locked(self) -> bool:
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # The previous owner of the lock may just have renamed it to the whole file.
        return self.file.exists() and os.path.samestat(
            self.file.stat(), os.fstat(self._stream.fileno())
        )

    @property
    def size(self) -> int:
        """Bytes received."""
        return os.fstat(self._stream.fileno()).st_size

    @property
    def range(self) -> dict[str, str]:
        """Headers that request the missing rest of the same version."""
        if not self.size:
            return {}
        notes = self._read_notes()
        tag = notes.get("etag") or ""
        version = tag if tag and not tag.startswith("W/") else notes.get("last_modified")
        return {"Range": f"bytes={self.size}-"} | ({"If-Range": version} if version else {})

    def _read_notes(self) -> dict[str, str | None]:
        """Return the noted origin; empty if it is another address, or damaged."""
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        fits = isinstance(notes, dict) and notes.get("address") == self.address
        return notes if fits else {}

    def restart(self, headers: Message | None = None) -> None:
        """Discard all bytes, and note the version that the headers of a new response give."""
        self._stream.truncate(0)
        given = Message() if headers is None else headers
        notes = {note: given.get(header) for note, header in _VERSIONS.items()}
        write_text(self._notes, json.dumps({"address": self.address} | notes) + "\n")

    def continues(self, headers: Message) -> bool:
        """Return whether a partial response starts where this ends, and is of its version."""
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        notes = self._read_notes()
        versions = [(notes.get(note), headers.get(name)) for note, name in _VERSIONS.items()]
        is_same = all(before == now for before, now in versions if before and now)
        return found is not None and int(found[1]) == self.size and is_same

    def write(self, content: bytes) -> None:
        """Append bytes."""
        try:
            self._stream.write(content)
            self._stream.flush()
        except OSError as error:
            if error.errno and not error.filename:
                error.filename = str(self.file)  # a full disk names no file
            raise

    def finish(self) -> None:
        """Sync it and rename it to the whole file."""
        os.fsync(self._stream.fileno())
        self.file.replace(self.path)
        self._notes.unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove it."""
        self.file.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)


def _complete(
    partial: Partial, size: int | None, retries: RetryPolicy, progress: Progress | None
) -> None:
    """Request the file until it is whole, or further tries bring no new byte."""
    furthest, idle, is_answered = partial.size, 0, False
    for _ in range(_MOST_TRIES):
        try:
            return _receive(partial, size, retries, progress)
        except BrokenOffError as error:
            is_answered |= error.is_answered
            idle = 0 if partial.size > furthest else idle + 1
            furthest = max(furthest, partial.size)
            if idle >= (retries.tries if is_answered else min(2, retries.tries)):
                raise NotFetchedError(str(error)) from error
            time.sleep(max(error.wait, retries.pause * 2 ** max(0, idle - 1)))
    raise NotFetchedError(f"broke off {_MOST_TRIES:,} times")


def _receive(
    partial: Partial, size: int | None, retries: RetryPolicy, progress: Progress | None
) -> None:
    """Send one request, for the missing bytes only where possible."""
    if size is not None and partial.size >= size:
        if partial.size == size:
            return
        partial.restart()
    with _open_address(partial.address, partial.range, retries.timeout) as response:
        if response.status == _RANGE_NOT_SATISFIABLE:
            if response.headers.get("Content-Range") == f"bytes */{partial.size}":
                return  # nothing is missing
            partial.restart()
            raise BrokenOffError("knows of no such part of the file")
        if response.status not in (_OK, _PARTIAL):
            raise NotFetchedError(f"answers {response.status} {response.reason}")
        if response.status == _PARTIAL and not partial.continues(response.headers):
            partial.restart()
            raise BrokenOffError("continues with another part, or another version")
        is_new = response.status == _OK
        length = _number(response.headers.get("Content-Length"))
        end = None if length is None else length + (0 if is_new else partial.size)
        if size is not None and end is not None and end != size:
            raise NotFetchedError(f"claims that the file has {end:,} bytes; expected {size:,}")
        if is_new:
            partial.restart(response.headers)
        _read(partial, response, size, end, progress)


def _read(
    partial: Partial, response: Any, size: int | None, end: int | None, progress: Progress | None
) -> None:
    most = size or LARGEST
    while True:
        try:
            content = response.read1(_CHUNK)
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


def _number(header: str | None) -> int | None:
    return int(header) if header and header.isascii() and header.isdigit() else None


def is_address(text: str) -> bool:
    """Return whether a text begins with http:// or https:// and names a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https only, and from https to https only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        problem = ""
        if not is_address(newurl):
            problem = "which is neither http nor https"
        elif req.type == "https" and urlsplit(newurl).scheme != "https":
            problem = "and from https to http is not followed"
        if problem:
            fp.close()
            raise NotFetchedError(f"redirects to {newurl}, {problem}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open_address(address: str, headers: dict[str, str], timeout: float) -> Any:
    """Return a response of status 200, 206 or 416; check certificates, use the proxies set."""
    if not is_address(address):
        raise NotFetchedError("is neither http nor https")
    usual = {"User-Agent": f"gemel/{__version__}", "Accept-Encoding": "identity"}
    request = urllib.request.Request(address, headers=usual | headers)  # noqa: S310 - checked
    try:
        response: Any = urllib.request.build_opener(_SafeRedirects).open(request, timeout=timeout)
    except HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE:
            return error
        with error:
            raise _explain(error) from error
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            reason = error.reason.verify_message
            raise NotFetchedError(
                f"has a certificate that is not to be trusted: {reason}"
            ) from error
        raise BrokenOffError(f"cannot be reached: {error.reason}", is_answered=False) from error
    except (http.client.InvalidURL, ValueError) as error:  # a bad port, a blank
        raise NotFetchedError(f"is no address: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise BrokenOffError(f"broke off: {error or type(error).__name__}") from error
    packed = response.headers.get("Content-Encoding", "identity")
    if packed != "identity":
        response.close()
        raise NotFetchedError(f"sends it packed ({packed}), which was not asked for")
    return response


def _explain(error: HTTPError) -> Exception:
    if not is_address(error.url):  # how urllib reports a redirect that it does not follow
        return NotFetchedError(f"redirects to {error.url}, which is neither http nor https")
    if error.code // 100 == 3:
        return NotFetchedError(f"redirects in a circle, or nowhere ({error.code})")
    problem = f"answers {error.code} {error.reason}".rstrip()
    if error.code not in _TRANSIENT:
        return NotFetchedError(problem)
    wait = float(_number(error.headers.get("Retry-After")) or 0)
    return BrokenOffError(problem, wait=min(wait, _LONGEST_WAIT))
