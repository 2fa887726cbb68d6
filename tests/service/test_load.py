"""Many clients at once: each is answered or asked to retry, and none waits for an idle one."""

import contextlib
import json
import socket

import psutil
import pytest

MB = 1_000_000
LONG = " ".join(f"why does number {number} matter" for number in range(330))[:9_900]


@pytest.fixture(scope="module")
def narrow(new_corpus, serving):
    """A service with little room in its queue and for requests."""
    options = ("queue=8", "batch=8", "requests=16", "patience=600")
    with serving(new_corpus(), *(word for each in options for word in ("--limit", each))) as served:
        yield served


@contextlib.contextmanager
def connections(served, count):
    with contextlib.ExitStack() as stack:
        address = ("127.0.0.1", served.port)
        yield [stack.enter_context(socket.create_connection(address, 600)) for _ in range(count)]


def request(path, sent, method="POST"):
    body = b"" if sent is None else json.dumps(sent).encode()
    kind = "" if sent is None else "Content-Type: application/json\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Reader:
    """Reads answers, one after another."""

    def __init__(self, connection):
        self._file = connection.makefile("rb")

    def read(self):
        status = int(self._file.readline().split()[1])
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self._file.read(int(headers["content-length"]))


def answers(opened, sent):
    for connection in opened:
        connection.sendall(sent)
    return [Reader(connection).read() for connection in opened]


def test_requests_one_behind_the_other_are_answered_in_order(site):
    with connections(site, 1) as (connection,):
        names = [f"{topic}-{way}" for topic in range(10) for way in range(3)]
        connection.sendall(
            b"".join(request(f"/questions/{name}", None, "GET") for name in names)
            + request("/check", {"question": "Why?"})
            + request("/nothing", None, "GET")
        )
        reader = Reader(connection)
        assert [json.loads(reader.read()[2])["id"] for _ in names] == names
        assert [reader.read()[0] for _ in range(2)] == [200, 404]


def test_many_idle_connections_keep_no_one_waiting(site):
    asked = {"question": "How do I print my calendar?"}
    with connections(site, 300) as idle:
        for connection in idle[:150]:
            connection.sendall(request("/health", None, "GET"))
        for connection in idle[:150]:
            Reader(connection).read()
        for _ in range(20):
            assert site.client.post("/check", json=asked).json()["asked_before"]
    assert site.client.get("/health").status_code == 200


def test_a_full_queue_says_so_and_empties(narrow):
    sent = request("/encode", {"questions": [LONG] * 8})
    with connections(narrow, 16) as opened:
        found = answers(opened, sent)
    told = [json.loads(body) for status, _, body in found if status == 503]
    assert told, "the queue was never full"
    assert {each["error"]["code"] for each in told} == {"busy"}
    assert all(int(headers["retry-after"]) >= 1 for status, headers, _ in found if status == 503)
    assert {status for status, *_ in found} == {200, 503}
    assert narrow.client.post("/encode", json={"questions": ["Why?"]}).status_code == 200


def test_more_requests_than_there_is_room_for(narrow):
    whole = request("/check", {"question": "Why?"})
    with connections(narrow, 16) as opened:
        for connection in opened:
            connection.sendall(whole[:-1])
        narrow.until(lambda: narrow.client.get("/health").status_code == 503)
        answer = narrow.client.post("/check", json={"question": "Why?"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) >= 1
        for connection in opened:
            connection.sendall(whole[-1:])
        assert {Reader(connection).read()[0] for connection in opened} <= {200, 503}
    assert narrow.client.post("/check", json={"question": "Why?"}).status_code == 200


def test_memory_does_not_grow_with_what_is_refused(narrow):
    sent = request("/encode", {"questions": [LONG] * 8})
    with connections(narrow, 16) as opened:
        answers(opened, sent)
        before = psutil.Process(narrow.process.pid).memory_info().rss
        for _ in range(8):
            answers(opened, sent)
        assert psutil.Process(narrow.process.pid).memory_info().rss < before + 30 * MB
