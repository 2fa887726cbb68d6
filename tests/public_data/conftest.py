import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gemel.public_data import RetryPolicy


class Site:
    """A server with one file, which answers each request as configured.

    `answers` has a function for each coming request; when none is left, it does as it should.
    """

    def __init__(self):
        self.content = b""
        self.etag = '"one"'
        self.headers = {}
        self.answers = []
        self.requests = []
        self.url = ""

    def take(self, handler):
        self.requests.append((handler.path, dict(handler.headers)))
        (self.answers.pop(0) if self.answers else whole)(handler, self)

    @property
    def ranges(self):
        return [headers.get("Range") for _, headers in self.requests]


def head(handler, code, **headers):
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()


def whole(handler, site, *, upto=None, says=None):
    """Serve the file, or its rest if that is asked for, but perhaps not to the end."""
    asked = handler.headers.get("Range", "")
    condition = handler.headers.get("If-Range", site.etag)
    start = int(asked[len("bytes=") : -1]) if asked and condition == site.etag else 0
    size = len(site.content)
    if start >= size > 0:
        head(handler, 416, Content_Range=f"bytes */{size}", Content_Length=0)
        return
    length = size - start if says is None else says
    headers = {"ETag": site.etag, "Content_Length": length} | site.headers
    if start:
        headers["Content_Range"] = f"bytes {start}-{size - 1}/{size}"
    head(handler, 206 if start else 200, **headers)
    rest = site.content[start:]
    handler.wfile.write(rest if upto is None else rest[:upto])


def breaking(upto):
    return lambda handler, site: whole(handler, site, upto=upto)


def saying(length):
    return lambda handler, site: whole(handler, site, says=length)


def unranged(handler, site):
    head(handler, 200, Content_Length=len(site.content))
    handler.wfile.write(site.content)


def refusing(code, **headers):
    return lambda handler, site: head(handler, code, Content_Length=0, **headers)


def stalling(upto):
    """Falls silent until the other side has gone."""

    def answer(handler, site):
        whole(handler, site, upto=upto)
        handler.wfile.flush()
        handler.rfile.read(1)

    return answer


@contextlib.contextmanager
def served(wrap=None):
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            with contextlib.suppress(OSError):  # the other side has gone
                site.take(self)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        scheme = "http"
        if wrap:
            server.socket, scheme = wrap(server.socket), "https"
            server.handle_error = lambda *arguments: None  # a shake of hands that failed
        site.url = f"{scheme}://127.0.0.1:{server.server_port}/file.bin"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def site(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with served() as site:
        yield site


@pytest.fixture
def serving():
    """The context of a server, for a test that needs two, or another kind."""
    return served


@pytest.fixture
def quick():
    """RetryPolicy of a test: some tries, no pause between them."""
    return RetryPolicy(timeout=600.0, tries=3, pause=0.0)


class Answers:
    breaking = staticmethod(breaking)
    saying = staticmethod(saying)
    refusing = staticmethod(refusing)
    stalling = staticmethod(stalling)
    unranged = staticmethod(unranged)
    whole = staticmethod(whole)
    head = staticmethod(head)


@pytest.fixture(scope="session")
def answer():
    """The ways to answer."""
    return Answers
