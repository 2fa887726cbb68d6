"""Resumable downloads over unreliable connections, checked by SHA-256."""

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

_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one in a moment."""
_NOT_THAT_RANGE = 416
_REDIRECT = 3
_LONGEST_WAIT = 60.0
"""Seconds that a server may ask us to wait."""


class NotFetchedError(Exception):
    """Why an address gives no file, for good; never leaves `gemel.public_data`."""


class BrokenOffError(Exception):
    """Why it gave none this time.

    Args:
        problem: what happened.
        is_answered: whether there is a server at all.
        wait: seconds that it asks for.
    """

    def __init__(self, problem: str, *, is_answered: bool = True, wait: float = 0.0):
        super().__init__(problem)
        self.is_answered = is_answered
        self.wait = wait


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Goes along to http and https only, and from https to https only."""

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
            raise NotFetchedError(f"sends on to {newurl}, {problem}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_address(text: str) -> bool:
    """Return whether it begins with http:// or https:// and names a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def open_address(address: str, headers: dict[str, str], timeout: float) -> Any:
    """Ask for a file; certificates are checked, and the proxies that the environment names used.

    Args:
        address: http or https.
        headers: what to ask for besides.
        timeout: seconds without a byte that are too many, now and while it is read.

    Returns:
        The answer to read from: 200, 206 or 416.

    Raises:
        NotFetchedError: there is no such file here, or no way to it that is safe.
        BrokenOffError: another try may help.
    """
    if not is_address(address):
        raise NotFetchedError("is neither http nor https")
    usual = {"User-Agent": f"gemel/{__version__}", "Accept-Encoding": "identity"}
    request = urllib.request.Request(address, headers=usual | headers)  # noqa: S310 - checked
    try:
        answer: Any = _opener().open(request, timeout=timeout)
    except HTTPError as error:
        if error.code == _NOT_THAT_RANGE:
            return error
        with error:
            raise _explained(error) from error
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            reason = error.reason.verify_message
            raise NotFetchedError(
                f"has a certificate that is not to be trusted: {reason}"
            ) from error
        raise BrokenOffError(f"cannot be reached: {error.reason}", is_answered=False) from error
    except http.client.InvalidURL as error:  # a port that is no number, a blank in the address
        raise NotFetchedError(f"is no address: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise BrokenOffError(f"broke off: {error or type(error).__name__}") from error
    except ValueError as error:  # a name of a host that cannot be one
        raise NotFetchedError(f"is no address: {error}") from error
    packed = answer.headers.get("Content-Encoding", "identity")
    if packed != "identity":
        answer.close()
        raise NotFetchedError(f"sends it packed ({packed}), which was not asked for")
    return answer


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()  # has no way to files, ftp or data
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _explained(error: HTTPError) -> Exception:
    if not is_address(error.url):  # urllib goes to no such place, and reports it in this way
        return NotFetchedError(f"sends on to {error.url}, which is neither http nor https")
    if error.code // 100 == _REDIRECT:
        return NotFetchedError(f"sends on in a circle, or nowhere ({error.code})")
    answer = f"answers {error.code} {error.reason}".rstrip()
    if error.code not in _PASSING:
        return NotFetchedError(answer)
    wait = error.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isascii() and wait.isdigit() else 0.0
    return BrokenOffError(answer, wait=min(seconds, _LONGEST_WAIT))


def sha256_of(path: Path) -> str:
    """Compute a file's SHA-256, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Partial:
    """What has come of a file: `NAME.part`, and `NAME.part.json` with what it was part of.

    Made by `Partial.opened`. What it holds outlives the process; whether it is any good is for the
    sum to report.

    Args:
        path: path of the whole file.
        address: where it comes from.
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
        """Open it, made if it is not there, as long as the `with` block runs.

        Raises:
            DataError: another process has it open.
            OSError: the folder cannot be written to.
        """
        partial = cls(path, address)
        try:
            if not partial._is_ours():
                raise DataError("another process is fetching it; wait for it", path=path)
            if not partial.noted():
                partial.restart()
            yield partial
        finally:
            if not partial.size and partial._is_ours():
                partial.drop()
            partial._stream.close()

    def _is_ours(self) -> bool:
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # Who had the lock may just have made it the whole file.
        return self.file.exists() and os.path.samestat(
            self.file.stat(), os.fstat(self._stream.fileno())
        )

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return os.fstat(self._stream.fileno()).st_size

    @property
    def validator(self) -> str:
        """What names the very version that it is part of, for `If-Range`; empty: nothing does."""
        notes = self.noted()
        tag = notes.get("etag") or ""
        return tag if tag and not tag.startswith("W/") else notes.get("last_modified") or ""

    def noted(self) -> dict[str, str | None]:
        """Return what was noted of its origin; nothing if that is another address, or damaged."""
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        fits = isinstance(notes, dict) and notes.get("address") == self.address
        return notes if fits else {}

    def restart(self, headers: Message | None = None) -> None:
        """Throw away what has come, and note what comes now."""
        self._stream.truncate(0)
        given = Message() if headers is None else headers
        notes = {
            "address": self.address,
            "etag": given.get("ETag"),
            "last_modified": given.get("Last-Modified"),
        }
        write_text(self._notes, json.dumps(notes) + "\n")

    def is_of(self, headers: Message) -> bool:
        """Return whether an answer is about the version that was noted, as far as it tells."""
        notes = self.noted()
        for noted, name in (("etag", "ETag"), ("last_modified", "Last-Modified")):
            before, now = notes.get(noted), headers.get(name)
            if before and now and before != now:
                return False
        return True

    def write(self, content: bytes) -> None:
        """Add to it."""
        try:
            self._stream.write(content)
            self._stream.flush()
        except OSError as error:
            if error.errno and not error.filename:
                error.filename = str(self.file)  # a full disk does not state where
            raise

    def finish(self) -> None:
        """Make it the whole file."""
        os.fsync(self._stream.fileno())
        self.file.replace(self.path)
        self._notes.unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove it."""
        self.file.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)


LARGEST = 1 << 30
"""Bytes that are taken of a file whose size is not known."""
_CHUNK = 1 << 16
_OK, _PARTIAL, _NOT_THAT_RANGE_downloads = 200, 206, 416
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

    What has come stays next to it in `NAME.part` until it is whole, and is not asked for again. It
    is removed if its sum is wrong.

    Args:
        address: http or https.
        path: its path; what is there is replaced.
        sha256: what its SHA-256 must be, in hexadecimal.
        size: bytes that it must have; None: any number up to a gibibyte.
        patience: with the server.
        progress: `progress(done, total)` callback, in has come.

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
        if answer.status == _NOT_THAT_RANGE_downloads:
            if answer.headers.get("Content-Range") == f"bytes */{partial.size}":
                return  # there is no more
            partial.restart()
            raise BrokenOffError("knows of no such part of the file")
        if answer.status not in (_OK, _PARTIAL):
            raise NotFetchedError(f"answers {answer.status} {answer.reason}")
        if answer.status == _PARTIAL and not _goes_on(partial, answer):
            partial.restart()
            raise BrokenOffError("resumes another part, or with another version")
        is_new = answer.status == _OK
        end = _end(answer, 0 if is_new else partial.size)
        if size is not None and end is not None and end != size:
            raise NotFetchedError(f"gives that the file has {end:,} bytes; expected {size:,}")
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
