"""The process is killed, stopped, out of disk, or without its database: nothing stored is lost."""

import contextlib
import json
import shutil
import signal
import socket
import threading
import time

import httpx
import pytest


def add(client, text, **more):
    return client.post("/questions", json={"question": text, **more})


class Writers:
    """Threads that add questions one after another, and remember what they were told is kept."""

    def __init__(self, count=4):
        self.url = ""
        self.kept, self.answers = {}, []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer):
        number = 0
        with httpx.Client(timeout=600) as client:
            while not self._over.is_set():
                number += 1
                text = f"What does error {number} of machine {writer} mean?"
                name = f"{writer}-error-{number}"
                try:
                    sent = {"question": text, "id": name}
                    answer = client.post(f"{self.url}questions", json=sent)
                except (httpx.TransportError, httpx.UnsupportedProtocol):
                    time.sleep(0.02)
                    continue
                self.answers.append(answer.status_code)
                if answer.status_code == 201:
                    self.kept[name] = text
                else:
                    time.sleep(0.02)


def require_kept(client, kept):
    for name, text in kept.items():
        answer = client.get(f"/questions/{name}")
        assert answer.status_code == 200, name
        assert answer.json()["question"] == text
    for name in list(kept)[-3:]:
        matches = client.post("/check", json={"question": kept[name]}).json()["matches"]
        assert name in [match["id"] for match in matches]


def kill_in_rounds(db, serving, rounds):
    with Writers() as writers:
        for number in range(rounds):
            with serving(db) as served:
                writers.url = served.url
                before = len(writers.kept)
                served.until(lambda: len(writers.kept) > before + 20)  # noqa: B023
                time.sleep(0.07 * (number % 5))
                served.stop(by=signal.SIGKILL)
            assert served.code == -signal.SIGKILL
    with serving(db) as served:
        assert set(writers.answers) == {201}
        require_kept(served.client, writers.kept)


def test_a_process_that_is_killed_under_load(new_corpus, serving):
    kill_in_rounds(new_corpus(), serving, 2)


@pytest.mark.slow
def test_a_process_that_is_killed_ten_times(new_corpus, serving):
    kill_in_rounds(new_corpus(), serving, 10)


@pytest.mark.slow
def test_a_process_that_is_killed_ten_times_on_postgres(new_database, fill, serving, tmp_path):
    db = new_database()
    fill(db)
    kill_in_rounds(db, lambda db: serving(db, log=tmp_path / "log"), 10)


@pytest.mark.parametrize(
    ("by", "code"),
    [(signal.SIGTERM, -signal.SIGTERM), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
)
def test_a_stop_finishes_what_was_accepted(new_corpus, serving, by, code):
    db = new_corpus()
    with contextlib.ExitStack() as stack:
        served = stack.enter_context(serving(db, "--limit", "patience=600", "--limit", "drain=600"))
        sent = [accepted(stack, served, writer) for writer in range(4)]
        served.process.send_signal(by)
        served.until(lambda: is_refused(served.url))
        for connection, body in sent:
            connection.sendall(body)
        told = [connection.makefile("rb").read() for connection, _ in sent]
        assert served.process.wait(600) == code
        assert "Traceback" not in served.log.read_text()
    names = [name for each in told for name in json.loads(each.partition(b"\r\n\r\n")[2])["ids"]]
    assert len(names) == 4 * 200
    with serving(db) as served:
        assert served.client.get("/ready").json()["questions"] == 30 + 4 * 200
        assert all(served.client.get(f"/questions/{name}").is_success for name in names[::50])


def is_refused(url):
    try:
        httpx.get(url, timeout=600)
    except httpx.ConnectError:
        return True
    except httpx.TransportError:  # it was accepted before, and dropped
        return False
    return False


def accepted(stack, served, writer):
    """Have a request begun; give its connection, and the body that the service waits for."""
    questions = [{"question": f"Is {number} of {writer} odd?"} for number in range(200)]
    body = json.dumps({"questions": questions}).encode()
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), 600))
    connection.sendall(
        b"POST /questions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    return connection, body


def test_a_full_disk(filled, serving, mounted, tmp_path):
    with mounted(tmp_path / "disk", "4m") as disk:
        db = disk / "site.db"
        shutil.copy(filled, db)
        stuffing = disk / "stuffing"
        with serving(db, log=tmp_path / "log") as served:
            client = served.client
            assert add(client, "Is there room?", id="before").status_code == 201
            with contextlib.suppress(OSError), stuffing.open("wb") as file:
                while True:
                    file.write(b"x" * 4096)
                    file.flush()
            kept, full = ["before"], None
            for number in range(2000):
                answer = add(client, f"Is there room for {number}? " + "x" * 500, id=f"n{number}")
                if answer.status_code != 201:
                    full = answer
                    break
                kept.append(f"n{number}")
            assert (full.status_code, full.json()["error"]["code"]) == (503, "store")
            assert int(full.headers["retry-after"]) >= 1
            assert str(disk) not in full.text
            checked = client.post("/check", json={"question": "How do I print my calendar?"})
            assert checked.json()["asked_before"]
            assert client.get("/health").status_code == 200
            stuffing.unlink()
            served.until(lambda: add(client, "Is there room?", id="after").status_code == 201)
            for name in [*kept, "after"]:
                assert client.get(f"/questions/{name}").status_code == 200, name


def test_a_database_server_that_dies_and_comes_back(
    new_database, fill, serving, kill_and_start_server, tmp_path
):
    db = new_database()
    fill(db)
    with serving(db, log=tmp_path / "log") as served, Writers(2) as writers:
        writers.url = served.url
        client = served.client
        served.until(lambda: len(writers.kept) > 10)
        kill_and_start_server()
        served.until(served.ready)
        before = len(writers.kept)
        served.until(lambda: len(writers.kept) > before + 10)
        checked = client.post("/check", json={"question": "How do I print my calendar?"})
        assert checked.json()["asked_before"]
        writers.url = ""
        assert set(writers.answers) <= {201, 409, 503}
        require_kept(client, dict(writers.kept))
