"""`gemel data`: the list, the terms, what it says, and stopping it."""

import hashlib
import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gemel.public_data import CORPORA, LEFT_OUT

QUORA = (
    b"id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
    b'0\t1\t2\tHow old are you?\t"What is ""age""?"\t1\n'
    b"1\t3\t4\tWhy is the sky blue?\tWho asks?\t0\n"
    b"2\t5\t6\tcut short\n"
)
SUM = hashlib.sha256(QUORA).hexdigest()


@pytest.fixture
def by_hand(tmp_path):
    """A folder into which a user has put Quora's file."""
    folder = tmp_path / "my quora"
    folder.mkdir()
    (folder / "quora_duplicate_questions.tsv").write_bytes(QUORA)
    return folder


def test_the_list(run):
    code, text, err = run("data")
    assert (code, err) == (0, "")
    for name, corpus in CORPORA.items():
        assert f"{name}: {corpus.title}\n" in text
        assert f"{corpus.size / 1e6:.1f} MB; {corpus.licence}; {corpus.page}\n" in text
        assert all(f"{part.name} {part.rows:,} {part.holds}" in text for part in corpus.parts)
    assert text.endswith("\nnext: gemel data quora --to quora\n")
    listed = json.loads(run("data", "--json")[1])
    assert [corpus["name"] for corpus in listed] == list(CORPORA)
    assert listed[0]["remotes"][0]["sha256"] == CORPORA["quora"].remotes[0].sha256


def test_terms_files_pairs_and_what_comes_next(by_hand, run, monkeypatch):
    monkeypatch.chdir(by_hand.parent)
    code, text, err = run("data", "quora", "--to", by_hand, "--sha256", SUM)
    assert code == 0
    terms = [f"    {line}" for line in CORPORA["quora"].terms.splitlines()]
    lines = err.splitlines()
    assert lines[1 : 1 + len(terms)] == terms
    assert f"{CORPORA['quora'].remotes[0].address} (58.2 MB)" in lines[1 + len(terms)]
    file = by_hand / "quora_duplicate_questions.tsv"
    assert lines[2 + len(terms) :] == [
        f"warning: {file.name}: 1 row does not fit, listed in {by_hand / LEFT_OUT}",
        f"warning: {file.name} has 2 pairs; 404,290 were published",
    ]
    assert f"{file}: {len(QUORA):,} bytes, was there\n    SHA-256 {SUM}, as given\n" in text
    assert f"{file}: 2 pairs, 50.0% labelled 1\n" in text
    following = f"gemel audit '{file}' --skip-bad 1"
    assert text.endswith(f"\nnext: {following}\n")
    assert run("audit", file, "--skip-bad", 1)[0] == 0
    assert json.loads((by_hand / "SOURCE.json").read_text())["corpus"] == "quora"


def test_json(by_hand, run):
    report = json.loads(run("data", "quora", "--to", by_hand, "--sha256", SUM, "--json")[1])
    assert (report["corpus"], report["folder"]) == ("quora", str(by_hand))
    assert report["parts"][0]["rows"] == 2


def test_questions_are_for_an_index(tmp_path, run):
    content = b"text,category\nWhere is my card?,card_arrival\n"
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_bytes(content)
    sums = ["--sha256", hashlib.sha256(content).hexdigest()] * 2
    code, text, _ = run("data", "banking77", "--to", tmp_path, *sums)
    assert code == 0
    train = tmp_path / "train.csv"
    assert f"{train}: 1 questions\n" in text
    assert text.endswith(f"next: gemel index {train} --db banking77.db\n")


def test_what_is_wrong_is_reported(tmp_path, run, by_hand, monkeypatch):
    code, out, err = run("data", "quora3", "--to", tmp_path / "new")
    assert (code, out) == (2, "")
    assert "no public data is called 'quora3'; there are quora, glue-qqp" in err
    code, _, err = run("data", "quora")
    assert code == 2
    assert "gemel data quora --to quora" in err
    code, out, err = run("data", "quora", "--to", by_hand)
    assert (code, out) == (2, "")
    assert f"is there already, with the SHA-256 {SUM}, not b3350dbb" in err
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # before it tries again
    code, out, err = run("data", "quora", "--to", tmp_path / "new")
    assert (code, out) == (2, "")
    assert f"and put it at {tmp_path / 'new' / 'quora_duplicate_questions.tsv'}\n" in err
    assert err.endswith("type the same command again. A mirror of it can be named with --from.\n")


class Slow(BaseHTTPRequestHandler):
    """Sends half of the file at once, and the rest when it is asked for the rest."""

    stopped = threading.Event()
    """Set when whoever asked first has been stopped."""

    def do_GET(self):
        start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(QUORA) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(QUORA) - 1}/{len(QUORA)}")
        self.end_headers()
        self.wfile.write(QUORA[start:] if start else QUORA[:100])
        if not start:
            self.wfile.flush()
            self.stopped.wait(600)

    def log_message(self, *arguments):
        pass


def test_ctrl_c_keeps_what_has_come_and_states_how_to_resume(tmp_path, run, monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/quora.tsv"
        command = ["data", "quora", "--to", str(tmp_path), "--from", address, "--sha256", SUM]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        part = tmp_path / "quora_duplicate_questions.tsv.part"
        with subprocess.Popen(
            [sys.executable, "-m", "gemel", *command], stderr=subprocess.PIPE, text=True
        ) as process:
            deadline = time.monotonic() + 600
            while not (part.exists() and part.stat().st_size == 100):
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=600)[1]
        Slow.stopped.set()
        assert process.returncode == 130
        assert f"{part}: incomplete; the same command resumes it\n" in err
        code, text, _ = run(*command)
        server.shutdown()
        thread.join()
    assert code == 0
    assert f"bytes, from {address}\n" in text
    assert (tmp_path / "quora_duplicate_questions.tsv").read_bytes() == QUORA
    assert not part.exists()
