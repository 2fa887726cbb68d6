"""Clients that are slow, hang up, send nonsense, or far too much: others are answered meanwhile."""

import contextlib
import json
import socket
import time

import httpx
import psutil
import pytest

MB = 1_000_000
CHECK = json.dumps({"question": "How do I print my calendar?"}).encode()


@pytest.fixture(scope="module")
def short(new_corpus, serving):
    """A service with a second's patience, and little room."""
    with serving(new_corpus(), "--limit", "patience=1", "--limit", "body=50000") as served:
        yield served


@contextlib.contextmanager
def connect(served):
    with socket.create_connection(("127.0.0.1", served.port), 600) as connection:
        yield connection


def request(body=CHECK, *, length=None, path="/check", more=""):
    length = f"Content-Length: {len(body) if length is None else length}\r\n"
    kind = "Content-Type: application/json\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{kind}{length}{more}\r\n"
    return head.encode() + body


def hear(connection):
    """Take all that comes until the other side hangs up."""
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            heard += part
    return heard


def hear_one(connection):
    """Take one answer, whole."""
    file = connection.makefile("rb")
    lines = list(iter(file.readline, b"\r\n"))
    (length,) = [int(line[16:]) for line in lines if line.lower().startswith(b"content-length: ")]
    return b"".join(lines) + file.read(length)


def memory(served):
    return psutil.Process(served.process.pid).memory_info().rss


def alive(served):
    """Wait until it answers; on a busy machine its patience may end before a request is sent."""

    def is_answered():
        with contextlib.suppress(httpx.TransportError):
            return served.client.post("/check", content=CHECK, headers=JSON).status_code == 200
        return False

    return served.until(is_answered)


JSON = {"Content-Type": "application/json"}


def test_a_silent_connection_is_closed(short):
    with connect(short) as connection:
        assert hear(connection) == b""
    assert alive(short)


def test_who_sends_headers_letter_by_letter_is_hung_up_on(short):
    with connect(short) as connection, pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012
        for letter in request().decode() * 9:
            connection.sendall(letter.encode())
            time.sleep(0.05)
    assert alive(short)


def test_who_sends_a_body_slowly_is_told(short):
    with connect(short) as connection:
        connection.sendall(request(CHECK[:10], length=len(CHECK)))
        heard = hear_one(connection)
    assert heard.startswith(b"HTTP/1.1 408 ")
    assert b'"slow"' in heard
    assert alive(short)


def test_endless_empty_lines_close_the_connection(short):
    with connect(short) as connection:
        connection.sendall(request())
        assert hear_one(connection).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012
            for _ in range(600):
                connection.sendall(b"\r\n")
                time.sleep(0.1)


def test_headers_without_an_end(short):
    before = memory(short)
    for line in (b"X-Name: " + b"a" * 1000, b"X-Name: a\r\n"):
        with connect(short) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
            with contextlib.suppress(OSError):
                for _ in range(200_000):
                    connection.sendall(line)
            assert not hear(connection).startswith(b"HTTP/1.1 200")
    assert memory(short) < before + 50 * MB
    assert alive(short)


def test_trailers_without_an_end(short):
    before = memory(short)
    with connect(short) as connection:
        more = "Transfer-Encoding: chunked\r\n"
        head = request(b"", more=more).replace(b"Content-Length: 0\r\n", b"")
        connection.sendall(head + b"%x\r\n" % len(CHECK) + CHECK + b"\r\n0\r\n")
        with contextlib.suppress(OSError):
            for _ in range(200_000):
                connection.sendall(b"X-Name: " + b"a" * 1000 + b"\r\n")
    assert memory(short) < before + 50 * MB
    assert alive(short)


@pytest.mark.parametrize("shut", [True, False])
def test_who_hangs_up_in_the_middle(short, shut):
    whole = request()
    for end in (1, 20, len(whole) - len(CHECK), len(whole) - 5, len(whole)):
        with connect(short) as connection:
            connection.sendall(whole[:end])
            if shut:
                connection.shutdown(socket.SHUT_WR)
                hear(connection)
        assert alive(short)


def test_a_hundred_megabytes_are_refused_early(short):
    before = memory(short)
    with connect(short) as connection:
        connection.sendall(request(b"", length=100 * MB))
        heard = hear_one(connection)
        assert heard.startswith(b"HTTP/1.1 413 ")
        assert b"50,000" in heard
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b" " * MB)
            hear(connection)
    assert memory(short) < before + 50 * MB
    assert alive(short)


def test_a_hundred_megabytes_of_unknown_length(short):
    before = memory(short)
    head = request(b"", more="Transfer-Encoding: chunked\r\n").replace(
        b"Content-Length: 0\r\n", b""
    )
    with connect(short) as connection:
        connection.sendall(head)
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"f4240\r\n" + b" " * MB + b"\r\n")
        heard = hear(connection)
    assert heard[:13] in (b"HTTP/1.1 413 ", b"")
    assert memory(short) < before + 50 * MB
    assert alive(short)


def test_a_body_in_chunks_is_as_good(short):
    def parts():
        for at in range(0, len(CHECK), 7):
            yield CHECK[at : at + 7]

    answer = httpx.post(f"{short.url}check", content=parts(), headers=JSON, timeout=600)
    assert answer.json()["asked_before"]
    content = iter([b" " * 50_001])
    too_large = httpx.post(f"{short.url}check", content=content, headers=JSON, timeout=600)
    assert too_large.status_code == 413


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"\0" * 5000,
        b"GET\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET //check HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"POST /check HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /check HTTP/1.1\r\nHost: localhost\r\nContent-Length: \xb2\r\n\r\n",
        b"POST /check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
        b"Content-Length: 1\r\n\r\na",
        b"POST /check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /check HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_nonsense(short, sent):
    with connect(short) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        heard = hear(connection)
    assert heard[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 421", b"")
    assert alive(short)


def test_an_upgrade_to_what_it_does_not_speak(short):
    more = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    with connect(short) as connection:
        connection.sendall(f"GET /health HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
        assert hear_one(connection).startswith(b"HTTP/1.1 200 ")
    assert alive(short)


def test_a_thousand_malformed_requests_are_a_line_or_two_in_the_log(new_corpus, serving):
    with serving(new_corpus()) as served:
        for _ in range(200):
            with connect(served) as connection:
                connection.sendall(b"\x00\x01 nonsense\r\n\r\n")
                assert hear(connection).startswith(b"HTTP/1.1 400 ")
        upgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\n"
        for _ in range(20):
            with connect(served) as connection:
                head = f"GET /health HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n"
                connection.sendall(head.encode())
                assert hear_one(connection).startswith(b"HTTP/1.1 200 ")
        lines = [line for line in served.log.read_text().splitlines() if line]
    assert sum("malformed requests" in line for line in lines) in (1, 2)
    assert len(lines) <= 4


@pytest.fixture(scope="module")
def few(new_corpus, serving):
    """A service for ten connections."""
    with serving(new_corpus(), "--limit", "connections=10", "--limit", "patience=2") as served:
        served.client.close()
        yield served


def test_one_connection_too_many_is_reported_and_closed(few):
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(connect(few)) for _ in range(10)]
        others[-1].sendall(request())
        assert hear_one(others[-1]).startswith(b"HTTP/1.1 200 ")
        with connect(few) as connection:
            connection.sendall(request())
            heard = hear(connection)
        assert heard.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in heard.lower()
        assert b'"busy"' in heard
        assert b"10 connections are open already" in heard
    few.until(lambda: httpx.post(f"{few.url}check", content=CHECK, headers=JSON).status_code == 200)


def test_hundreds_of_refused_connections_leave_nothing_behind(few):
    process = psutil.Process(few.process.pid)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(few))
        few.until(lambda: process.num_fds() < 10 + 64 + 40)
    few.until(lambda: httpx.post(f"{few.url}check", content=CHECK, headers=JSON).status_code == 200)
    assert len(few.log.read_text().splitlines()) <= 4


@pytest.mark.slow
def test_who_never_reads_the_answers_is_hung_up_on(short):
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", short.port))
        connection.settimeout(600)
        sent = request(json.dumps({"questions": ["Why?"] * 8}).encode(), path="/encode") * 20
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012 - room is left at first
            while True:
                connection.sendall(sent)
    assert alive(short)
