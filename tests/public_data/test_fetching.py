"""A corpus in a folder: fetched, put there by hand, resumed, never over another's files."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from gemel.api.pair_files import download
from gemel.data import read_pairs
from gemel.errors import ConfigError, DataError
from gemel.public_data import CORPORA, LEFT_OUT, SOURCE, TERMS, fetch, find_corpus, terms_text
from gemel.version import __version__

REAL = Path(os.environ.get("GEMEL_BANKING77", "banking77"))
"""A folder with the publisher's two files."""
ARCHIVE = "paws_wiki_labeled_final.tar.gz"


def sum_of(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def paws():
    """An archive in the publisher's format, and its sum."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, rows in (("train", 6), ("dev", 4), ("test", 2)):
            lines = [f"{n}\tleft {name} {n}\tright {n}\t{n % 2}\n" for n in range(rows)]
            content = "".join(["id\tsentence1\tsentence2\tlabel\n", *lines]).encode()
            member = tarfile.TarInfo(f"final/{name}.tsv")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue(), sum_of(buffer.getvalue())


def test_what_is_there_in_the_end(paws, site, answer, tmp_path, quick):
    site.content, sha256 = paws
    site.answers = [answer.breaking(100)]
    folder = tmp_path / "new" / "paws"
    fetched = fetch("paws", folder, origin=site.url, sha256=[sha256], retries=quick)
    names = {"train.tsv", "validation.tsv", "test.tsv", ARCHIVE, TERMS, SOURCE}
    assert {path.name for path in folder.iterdir()} == names
    assert (folder / ARCHIVE).read_bytes() == site.content
    assert [(part.name, part.rows, part.duplicates) for part in fetched.parts] == [
        ("train.tsv", 6, 3),
        ("validation.tsv", 4, 2),
        ("test.tsv", 2, 1),
    ]
    assert len(read_pairs(folder / "train.tsv")) == 6
    for line in CORPORA["paws"].terms.splitlines():
        assert line in (folder / TERMS).read_text()
    record = json.loads((folder / SOURCE).read_text())
    assert (record["corpus"], record["gemel"]) == ("paws", __version__)
    assert record["fetched"].endswith("+00:00")
    assert record["files"] == [
        {
            "name": ARCHIVE,
            "origin": site.url,
            "size": len(site.content),
            "sha256": sha256,
            "is_pinned": False,
            "was_there": False,
        }
    ]
    for part in record["parts"]:
        assert part["sha256"] == sum_of((folder / part["name"]).read_bytes())


def test_a_second_call_changes_nothing_and_asks_no_one(paws, site, tmp_path, quick):
    site.content, sha256 = paws
    first = fetch("paws", tmp_path, origin=site.url, sha256=[sha256], retries=quick)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = fetch("paws", tmp_path, origin=site.url, sha256=[sha256], retries=quick)
    assert again == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times
    assert len(site.requests) == 1
    (tmp_path / "train.tsv").unlink()  # is made again from what is there
    assert fetch("paws", tmp_path, sha256=[sha256]).parts == first.parts
    assert len(site.requests) == 1


def test_what_was_changed_or_is_anothers_is_not_replaced(paws, site, tmp_path, quick):
    site.content, sha256 = paws
    asked = {"origin": site.url, "sha256": [sha256], "retries": quick}
    (tmp_path / "train.tsv").write_text("years of work")
    with pytest.raises(DataError, match=r"train\.tsv: is there already, .* add --overwrite"):
        fetch("paws", tmp_path, **asked)
    with pytest.raises(DataError, match=r"train\.tsv: is a file; name a folder"):
        fetch("paws", tmp_path / "train.tsv", **asked)
    assert (site.requests, [path.name for path in tmp_path.iterdir()]) == ([], ["train.tsv"])
    for name in (SOURCE, LEFT_OUT):
        (tmp_path / "other").mkdir(exist_ok=True)
        path = tmp_path / "other" / name
        path.write_text("of something else")
        with pytest.raises(DataError, match=f"{name}: is there already, and not as gemel wrote"):
            fetch("paws", tmp_path / "other", **asked)
        assert path.read_text() == "of something else"
        path.unlink()
    fetch("paws", tmp_path, **asked, overwrite=True)
    made = (tmp_path / "train.tsv").read_bytes()
    (tmp_path / "train.tsv").write_text("corrected by hand")
    with pytest.raises(DataError, match=r"train\.tsv: is there already, and not as gemel wrote"):
        fetch("paws", tmp_path, **asked)
    assert (tmp_path / "train.tsv").read_text() == "corrected by hand"
    fetch("paws", tmp_path, **asked, overwrite=True)
    assert (tmp_path / "train.tsv").read_bytes() == made
    assert len(site.requests) == 1


def test_a_making_that_was_stopped_is_resumed(paws, site, tmp_path, quick):
    site.content, sha256 = paws
    asked = {"origin": site.url, "sha256": [sha256], "retries": quick}

    def stop(stage, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("paws", tmp_path, **asked, progress=stop)
    left = [path.name for path in tmp_path.iterdir()]
    assert sorted(left) == [TERMS, f"{ARCHIVE}.part", f"{ARCHIVE}.part.json"]
    (tmp_path / "train.tsv").write_text("begun")
    assert fetch("paws", tmp_path, **asked).parts[0].rows == 6


def test_offline_it_states_what_to_fetch_and_takes_what_was_put_there(
    paws, site, tmp_path, quick, monkeypatch
):
    content, sha256 = paws
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # no server is there
    with pytest.raises(DataError) as refused:
        fetch("paws", tmp_path, sha256=[sha256], retries=quick)
    remote = CORPORA["paws"].remotes[0]
    message = str(refused.value)
    assert message.startswith(f"{remote.address} cannot be reached")
    assert f"    {remote.address}\nand put it at {tmp_path / ARCHIVE}\n" in message
    assert message.count("put it at") == 1
    (tmp_path / ARCHIVE).write_bytes(content)
    fetched = fetch("paws", tmp_path, sha256=[sha256], retries=quick)
    assert (fetched.files[0].was_there, fetched.files[0].origin) == (True, remote.address)
    assert fetched.parts[0].rows == 6


def test_what_was_put_there_wrongly_stays_and_is_reported(paws, tmp_path):
    (tmp_path / ARCHIVE).write_bytes(b"a login page")
    with pytest.raises(DataError, match=sum_of(b"a login page")) as refused:
        fetch("paws", tmp_path)
    assert "--overwrite" in str(refused.value)
    assert (tmp_path / ARCHIVE).read_bytes() == b"a login page"


def test_what_was_put_there_wrongly_is_to_fetch_by_hand_if_it_cannot_be_replaced(
    paws, site, answer, tmp_path, quick
):
    (tmp_path / ARCHIVE).write_bytes(b"a login page")
    site.answers = [answer.refusing(404)]
    with pytest.raises(DataError, match="answers 404") as refused:
        fetch("paws", tmp_path, origin=site.url, overwrite=True, retries=quick)
    assert f"and put it at {tmp_path / ARCHIVE}\n" in str(refused.value)


def test_overwrite_replaces_it(paws, site, tmp_path, quick):
    site.content, sha256 = paws
    (tmp_path / ARCHIVE).write_bytes(b"a login page")
    fetch("paws", tmp_path, origin=site.url, sha256=[sha256], retries=quick, overwrite=True)
    assert (tmp_path / ARCHIVE).read_bytes() == site.content


def test_from_a_file_or_a_folder(paws, tmp_path):
    content, sha256 = paws
    lying = tmp_path / "downloads" / ARCHIVE
    lying.parent.mkdir()
    lying.write_bytes(content)
    for number, origin in enumerate((lying, lying.parent)):
        fetched = download("paws", tmp_path / str(number), origin=origin, sha256=[sha256])
        assert fetched.files[0].origin == str(lying)
        assert fetched.parts[0].rows == 6
    assert lying.read_bytes() == content
    with pytest.raises(DataError, match=f"has the SHA-256 {sha256}, not 1aad6cbb"):
        download("paws", tmp_path / "pinned", origin=lying)
    with pytest.raises(DataError, match="no such file"):
        download("paws", tmp_path / "none", origin=tmp_path / "nowhere")


def test_a_corpus_of_two_files_from_the_folder_of_a_mirror(site, answer, tmp_path, quick):
    contents = {
        "train.csv": b'text,category\nWhere is it?,"a"\n"Where, now?",a\n',
        "test.csv": b"text,category\nLost,b\n",
    }

    def serve(handler, site):
        site.content = contents[handler.path.rpartition("/")[2]]
        answer.whole(handler, site)

    site.answers = [serve, serve]
    fetched = fetch(
        "banking77",
        tmp_path,
        origin=site.url,
        sha256=[sum_of(content) for content in contents.values()],
        retries=quick,
    )
    assert [path for path, _ in site.requests] == ["/file.bin/train.csv", "/file.bin/test.csv"]
    assert [(part.rows, part.holds) for part in fetched.parts] == [
        (2, "questions"),
        (1, "questions"),
    ]
    for name, content in contents.items():
        assert (tmp_path / name).read_bytes() == content


def test_only_what_is_missing_is_to_fetch_by_hand(site, answer, tmp_path, quick):
    content = b"text,category\na,b\n"
    (tmp_path / "train.csv").write_bytes(content)
    site.answers = [answer.refusing(404)]
    with pytest.raises(DataError, match="answers 404") as refused:
        fetch(
            "banking77",
            tmp_path,
            origin=site.url,
            sha256=[sum_of(content), "0" * 64],
            retries=quick,
        )
    assert "train.csv" not in str(refused.value)
    assert f"put it at {tmp_path / 'test.csv'}" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("quora2", {}, "no public data is called 'quora2'; there are quora, glue-qqp, paws"),
        ("quora", {"sha256": ["abc"]}, "'abc' is no SHA-256; expected 64 hexadecimal digits"),
        ("banking77", {"sha256": ["0" * 64]}, "a SHA-256 for each of train.csv, test.csv, not 1"),
        ("quora", {"origin": "file:///etc/passwd"}, "neither a file nor an http or https"),
        ("quora", {"origin": "ftp://x/y"}, "neither a file nor an http or https"),
        ("banking77", {"origin": __file__}, "expected the folder that has train.csv and test.csv"),
    ],
)
def test_what_makes_no_sense_is_refused(name, options, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        fetch(name, tmp_path, **options)


def test_the_catalogue_is_sound():
    for name, corpus in CORPORA.items():
        assert find_corpus(name) is corpus
        assert corpus.terms in terms_text(corpus)
        assert corpus.size > 1e6
        names = [remote.name for remote in corpus.remotes]
        for remote in corpus.remotes:
            assert len(bytes.fromhex(remote.sha256)) == 32
            assert remote.address.endswith(f"/{remote.name}")
        for part in corpus.parts:
            assert part.member or part.name in names
            assert not Path(part.name).parent.name


@pytest.mark.skipif(not REAL.exists(), reason="needs the real data: GEMEL_BANKING77")
def test_the_real_files_have_the_sums_that_were_published(tmp_path):
    fetched = fetch("banking77", tmp_path, origin=str(REAL))
    assert [part.rows for part in fetched.parts] == [part.published for part in fetched.parts]
    assert all(file.is_pinned for file in fetched.files)
