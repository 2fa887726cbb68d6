"""Asking a server for a file: which answers are good, and which are worth another try."""

import http.client
import ssl
import urllib.request
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

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
    """Say whether it begins with http:// or https:// and names a host."""
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
    if not is_address(error.url):  # urllib goes to no such place, and says so in this way
        return NotFetchedError(f"sends on to {error.url}, which is neither http nor https")
    if error.code // 100 == _REDIRECT:
        return NotFetchedError(f"sends on in a circle, or nowhere ({error.code})")
    answer = f"answers {error.code} {error.reason}".rstrip()
    if error.code not in _PASSING:
        return NotFetchedError(answer)
    wait = error.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isascii() and wait.isdigit() else 0.0
    return BrokenOffError(answer, wait=min(seconds, _LONGEST_WAIT))
