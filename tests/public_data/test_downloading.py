"""A file comes whole with the right sum or not at all, whatever the server does."""

import dataclasses
import hashlib
import random
import signal
import ssl
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gemel.errors import DataError
from gemel.public_data import RetryPolicy
from gemel.public_data.http_download import NotFetchedError, Partial, download

CONTENT = random.Random(7).randbytes(300_000)
SIZE = len(CONTENT)
SHORT = RetryPolicy(timeout=1.0, tries=5, pause=0.0)
"""RetryPolicy with a server that falls silent."""
SUM = hashlib.sha256(CONTENT).hexdigest()


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def get(site, tmp_path, quick):
    """Fetch the site's file: give its bytes, or None, and nothing else may lie there then."""
    site.content = CONTENT
    path = tmp_path / "file.bin"

    def fetch(sha256=SUM, size=SIZE, retries=quick, **options):
        download(site.url, path, sha256, size, retries=retries, **options)
        assert names(tmp_path) == ["file.bin"]
        return path.read_bytes()

    return fetch


def test_in_one_go_with_progress(get, site):
    told = []
    assert get(progress=lambda *news: told.append(news)) == CONTENT
    assert site.ranges == [None]
    stages, done, totals = map(list, zip(*told, strict=True))
    assert set(stages) == {"fetching file.bin"}
    assert done == sorted(done)
    assert (done[-1], set(totals)) == (SIZE, {SIZE})


def test_a_line_that_breaks_resumes_where_it_broke(get, site, answer):
    site.answers = [answer.breaking(100_000), answer.breaking(1), answer.breaking(0)]
    assert get() == CONTENT
    assert site.ranges == [None, "bytes=100000-", "bytes=100001-", "bytes=100001-"]
    assert {headers.get("If-Range") for _, headers in site.requests[1:]} == {'"one"'}


@settings(
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(breaks=st.lists(st.integers(1, 2000), max_size=6), size=st.integers(1, 5000))
def test_wherever_it_breaks(breaks, size, site, answer, tmp_path, quick):
    site.content = random.Random(size).randbytes(size)
    site.answers = [answer.breaking(upto) for upto in breaks]
    path = tmp_path / "file.bin"
    download(site.url, path, hashlib.sha256(site.content).hexdigest(), size, retries=quick)
    site.answers.clear()
    assert path.read_bytes() == site.content


def test_what_came_stays_for_the_next_call(get, site, answer, tmp_path):
    site.answers = [answer.breaking(1000), *[answer.breaking(0)] * 3]
    with pytest.raises(NotFetchedError, match="broke off after 1,000 of 300,000 bytes"):
        get()
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:1000]
    assert not (tmp_path / "file.bin").exists()
    site.requests.clear()
    assert get() == CONTENT
    assert site.ranges == ["bytes=1000-"]


def test_kill_9_in_the_middle(get, site, answer, tmp_path):
    site.answers = [answer.stalling(200_000)]
    code = "import sys, pathlib; from gemel.public_data.http_download import download; "
    code += "download(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))"
    arguments = [site.url, str(tmp_path / "file.bin"), SUM, str(SIZE)]
    with subprocess.Popen([sys.executable, "-c", code, *arguments]) as process:
        part = tmp_path / "file.bin.part"
        deadline = time.monotonic() + 600
        while not (part.exists() and part.stat().st_size == 200_000):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert part.read_bytes() == CONTENT[:200_000]
    assert get() == CONTENT
    assert site.ranges == [None, "bytes=200000-"]


def test_a_server_that_knows_no_ranges_begins_anew(get, site, answer):
    site.answers = [answer.breaking(100_000), answer.unranged]
    assert get() == CONTENT
    assert site.ranges == [None, "bytes=100000-"]


@pytest.mark.parametrize("minds_if_range", [True, False])
def test_a_file_that_changes_between_two_tries(get, site, answer, minds_if_range):
    old = random.Random(8).randbytes(SIZE)

    def change(handler, site):
        site.content, site.etag = CONTENT, '"two"'
        if not minds_if_range:
            handler.headers.replace_header("If-Range", '"two"')
        answer.whole(handler, site)

    site.content = old
    site.answers = [answer.breaking(50_000), change]
    assert get() == CONTENT
    assert site.ranges[:2] == [None, "bytes=50000-"]


def test_without_a_tag_the_sum_tells_that_it_changed(get, site, answer, tmp_path):
    site.content, site.etag = random.Random(8).randbytes(SIZE), 'W/"weak"'
    site.answers = [answer.breaking(50_000), *[answer.breaking(0)] * 3]
    with pytest.raises(NotFetchedError, match="broke off"):
        get()
    site.content = CONTENT
    site.requests.clear()
    assert get() == CONTENT  # the mixture had another sum, so all came once more
    assert site.ranges == ["bytes=50000-", None]
    assert "If-Range" not in site.requests[0][1]


def test_a_part_of_something_else_is_thrown_away(get, site, answer, tmp_path):
    for content in (b"rubbish" * 10, CONTENT + b"more", b""):
        (tmp_path / "file.bin.part").write_bytes(content)
        (tmp_path / "file.bin.part.json").write_text('{"address": "http://elsewhere/"}')
        assert get() == CONTENT
    assert site.ranges == [None] * 3


def test_a_part_that_is_the_whole_needs_no_server(get, site, answer, tmp_path):
    site.answers = [answer.breaking(SIZE - 1), *[answer.breaking(0)] * 3]
    with pytest.raises(NotFetchedError):
        get()
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    site.requests.clear()
    assert get() == CONTENT
    assert site.requests == []


def test_no_such_range(get, site, answer, tmp_path):
    site.answers = [answer.breaking(1000), answer.refusing(416, Content_Range="bytes */7")]
    assert get() == CONTENT
    assert site.ranges == [None, "bytes=1000-", None]


def test_no_more_than_there_is_where_the_size_is_unknown(get, site, answer, tmp_path):
    site.headers = {}
    site.answers = [answer.saying(SIZE + 5), *[answer.whole] * 3]
    assert get(size=None) == CONTENT  # 416 says that nothing is missing
    assert site.ranges == [None, f"bytes={SIZE}-"]


def test_a_wrong_part_of_the_file(get, site, answer):
    def elsewhere(handler, site):
        handler.headers.replace_header("Range", "bytes=500-")
        answer.whole(handler, site)

    site.answers = [answer.breaking(1000), elsewhere]
    assert get() == CONTENT
    assert site.ranges == [None, "bytes=1000-", None]


@pytest.mark.parametrize("says", [SIZE + 1, SIZE - 1, 0])
def test_a_length_that_is_not_the_files_is_refused_at_once(get, site, answer, tmp_path, says):
    site.answers = [answer.saying(says)]
    with pytest.raises(NotFetchedError, match=f"has {says:,} bytes; expected 300,000"):
        get()
    assert names(tmp_path) == []


def test_such_an_answer_does_not_cost_what_had_come(get, site, answer, tmp_path):
    site.answers = [answer.breaking(1000), answer.unranged]
    site.answers[1] = lambda handler, site: answer.head(handler, 200, Content_Length=12)
    with pytest.raises(NotFetchedError, match="has 12 bytes"):
        get()
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:1000]


def test_a_length_that_is_too_short_and_no_one_knows(get, site, answer, tmp_path):
    site.answers = [answer.saying(1000)] * 2
    with pytest.raises(NotFetchedError, match="gave another file: 1,000 bytes"):
        get(size=None)
    assert names(tmp_path) == []


def test_more_than_there_should_be(get, site, tmp_path):
    def unbounded(handler, site):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(CONTENT + b"!" * 100_000)

    site.answers = [unbounded]
    with pytest.raises(NotFetchedError, match="sends more than 300,000 bytes"):
        get()
    assert names(tmp_path) == []


def test_wrong_bytes_are_removed_and_their_sum_is_reported(get, site, tmp_path):
    wrong = bytearray(CONTENT)
    wrong[150_000] ^= 1
    site.content = bytes(wrong)
    with pytest.raises(NotFetchedError, match=hashlib.sha256(wrong).hexdigest()):
        get()
    assert names(tmp_path) == []
    assert site.ranges == [None]


def test_what_stood_there_stays_until_the_new_one_is_right(site, quick, tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    site.content = b"wrong"
    with pytest.raises(NotFetchedError):
        download(site.url, path, SUM, retries=quick)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("code", [500, 503, 429, 408])
def test_a_server_that_is_ill_for_a_moment(get, site, answer, code):
    site.answers = [answer.refusing(code)] * 2
    assert get() == CONTENT


def test_it_waits_as_long_as_the_server_asks_and_longer_each_time(get, site, answer, monkeypatch):
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    hours = answer.refusing(503, Retry_After="7200")
    site.answers = [answer.refusing(503, Retry_After="7"), *[answer.breaking(0)] * 2, hours]
    assert get(retries=RetryPolicy(tries=5, pause=0.5)) == CONTENT
    assert waited == [7, 0.5 * 2, 0.5 * 4, 60]


@pytest.mark.parametrize(("code", "tries"), [(404, 1), (403, 1), (410, 1), (500, 3), (503, 3)])
def test_a_server_that_has_no_file(get, site, answer, tmp_path, code, tries):
    site.answers = [answer.refusing(code)] * tries
    with pytest.raises(NotFetchedError, match=f"answers {code}"):
        get()
    assert (site.answers, names(tmp_path)) == ([], [])


def test_a_server_that_falls_silent(get, site, answer):
    site.answers = [answer.stalling(1000)]
    assert get(retries=SHORT) == CONTENT
    assert site.ranges[0] is None
    assert all(each.startswith("bytes=") for each in site.ranges[1:])
    assert len(site.ranges) > 1


def test_a_server_that_stops_sending(get, site, answer):
    site.answers = [answer.stalling(1000), *[answer.stalling(0)] * 3]
    with pytest.raises(NotFetchedError, match=r"sent nothing for too long after (1,000|0) bytes"):
        get(retries=dataclasses.replace(SHORT, tries=2))


def test_packed_is_not_the_file(get, site):
    site.headers = {"Content_Encoding": "gzip"}
    with pytest.raises(NotFetchedError, match=r"sends it packed \(gzip\)"):
        get()


def test_redirects_are_followed(get, site, answer):
    site.answers = [answer.refusing(302, Location="/there"), answer.breaking(10)]
    assert get() == CONTENT
    assert [path for path, _ in site.requests] == ["/file.bin", "/there", "/file.bin"]
    assert site.ranges == [None, None, "bytes=10-"]


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("/file.bin", "in a circle"),
        ("file:///etc/passwd", "neither http nor https"),
        ("ftp://127.0.0.1/file", "neither http nor https"),
        ("data:,x", "neither http nor https"),
    ],
)
def test_redirects_that_are_not(get, site, answer, tmp_path, location, message):
    site.answers = [answer.refusing(302, Location=location)] * 30
    with pytest.raises(NotFetchedError, match=message):
        get()
    assert names(tmp_path) == []
    assert len(site.requests) < 12


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x/y", "/etc/passwd", "http://"])
def test_other_addresses_are_none(address, tmp_path):
    with pytest.raises(NotFetchedError, match="is neither http nor https"):
        download(address, tmp_path / "file.bin", SUM)
    assert names(tmp_path) == []


@pytest.mark.parametrize("address", ["http://x:port/y", "http://x/y z", f"http://{'x' * 64}/y"])
def test_addresses_that_cannot_be_are_not_asked_twice(address, tmp_path, monkeypatch, site):
    monkeypatch.setattr(time, "sleep", pytest.fail)
    with pytest.raises(NotFetchedError, match="is no address: "):
        download(address, tmp_path / "file.bin", SUM)
    assert names(tmp_path) == []


def test_no_server_there(tmp_path, quick, monkeypatch, site):
    with pytest.raises(NotFetchedError, match=r"cannot be reached: .*refused"):
        download("http://127.0.0.1:9/x", tmp_path / "file.bin", SUM, retries=quick)
    with pytest.raises(NotFetchedError, match="cannot be reached"):
        download("http://nowhere.invalid/x", tmp_path / "file.bin", SUM, retries=quick)
    assert names(tmp_path) == []


def test_the_proxy_of_the_environment(site, tmp_path, quick, monkeypatch):
    site.content = CONTENT
    monkeypatch.setenv("http_proxy", site.url)
    download("http://nowhere.invalid/x", tmp_path / "file.bin", SUM, retries=quick)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert [path for path, _ in site.requests] == ["http://nowhere.invalid/x"]


def test_two_at_once(get, site, tmp_path):
    with (
        Partial.opened(tmp_path / "file.bin", site.url),
        pytest.raises(DataError, match="another process is fetching it"),
    ):
        get()
    assert get() == CONTENT


def test_certificates_are_checked(serving, site, answer, quick, tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    path = tmp_path / "file.bin"
    with serving(lambda socket: context.wrap_socket(socket, server_side=True)) as secure:
        secure.content = CONTENT
        with pytest.raises(NotFetchedError, match="certificate that is not to be trusted"):
            download(secure.url, path, SUM, retries=quick)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        download(secure.url, path, SUM, retries=quick)
        assert path.read_bytes() == CONTENT
        path.unlink()
        secure.answers = [answer.refusing(302, Location=site.url)]
        with pytest.raises(NotFetchedError, match="from https to http is not followed"):
            download(secure.url, path, SUM, retries=quick)
    assert (site.requests, path.exists()) == ([], False)
