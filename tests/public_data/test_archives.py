"""Archives give the members that are asked for and nothing else; their rows come out unchanged."""

import gzip
import io
import json
import stat
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gemel.data import stream_pairs, stream_unlabelled
from gemel.errors import DataError
from gemel.public_data import CORPORA, LEFT_OUT, archives
from gemel.public_data.archives import convert, open_members

MEMBERS = {"QQP/train.tsv": b"train", "QQP/dev.tsv": b"dev", "QQP/test.tsv": b"test" * 9999}


def write_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member = tarfile.TarInfo(member) if isinstance(member, str) else member
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


KINDS = [("a.zip", write_zip), ("a.tar.gz", write_tar)]


def read(path, names):
    with open_members(path, names) as members:
        return {name: stream.read() for name, stream in members}


@pytest.mark.parametrize(("name", "write"), KINDS)
def test_members_are_read_and_others_are_not_looked_at(name, write, tmp_path):
    path = tmp_path / "in" / name
    path.parent.mkdir()
    hostile = [("../evil", b"x"), ("/tmp/evil", b"x"), ("QQP/../../evil", b"x"), ("QQP/x", b"")]
    write(path, [*hostile, *reversed(MEMBERS.items())])
    assert read(path, list(MEMBERS)) == MEMBERS
    assert read(path, ["QQP/dev.tsv"]) == {"QQP/dev.tsv": b"dev"}
    assert [found.name for found in tmp_path.rglob("*")] == ["in", name]


@pytest.mark.parametrize(("name", "write"), KINDS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_missing_twice_or_damaged(name, write, tmp_path):
    path = tmp_path / name
    write(path, [("QQP/train.tsv", b"x")])
    with pytest.raises(DataError, match=r"has no QQP/dev\.tsv and no QQP/test\.tsv; it is not"):
        read(path, list(MEMBERS))
    write(path, [("QQP/dev.tsv", b"x"), ("QQP/dev.tsv", b"y")])
    with pytest.raises(DataError, match=r"has QQP/dev\.tsv twice"):
        read(path, ["QQP/dev.tsv"])
    write(path, [("QQP/test.tsv", bytes(range(256)) * 999)])
    packed = path.read_bytes()
    for damaged in (packed[: len(packed) // 2], b"", b"no archive at all" * 99):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="is not a whole archive"):
            read(path, ["QQP/test.tsv"])
    path.write_bytes(packed.replace(packed[200:300], b"\0" * 100, 1))
    with pytest.raises(DataError, match="is not a whole archive"):
        read(path, ["QQP/test.tsv"])


def test_members_that_are_no_plain_files(tmp_path):
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
        member = tarfile.TarInfo("final/dev.tsv")
        member.type, member.linkname = kind, "/etc/passwd"
        write_tar(tmp_path / "a.tar.gz", [(member, b"")])
        with pytest.raises(DataError, match=r"has final/dev\.tsv, which is no plain file"):
            read(tmp_path / "a.tar.gz", ["final/dev.tsv"])
    sparse = tarfile.TarInfo("final/dev.tsv")
    sparse.pax_headers = {  # a tebibyte of nothing
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": f"{1 << 40},0",
        "GNU.sparse.size": str(1 << 40),
    }
    write_tar(tmp_path / "a.tar.gz", [(sparse, b"")])
    with pytest.raises(DataError, match=r"has final/dev\.tsv, which is no plain file"):
        read(tmp_path / "a.tar.gz", ["final/dev.tsv"])
    link = zipfile.ZipInfo("QQP/dev.tsv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    write_zip(tmp_path / "a.zip", [(link, b"/etc/passwd")])
    with pytest.raises(DataError, match=r"has QQP/dev\.tsv, which is no plain file"):
        read(tmp_path / "a.zip", ["QQP/dev.tsv"])


def test_a_password(tmp_path):
    path = tmp_path / "a.zip"
    write_zip(path, [("QQP/dev.tsv", b"x")])
    packed = bytearray(path.read_bytes())
    packed[packed.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(packed)
    with pytest.raises(DataError, match="under a password"):
        read(path, ["QQP/dev.tsv"])


@pytest.mark.parametrize(("name", "write"), KINDS)
def test_bombs(name, write, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 1 << 20)
    path = tmp_path / name
    write(path, [("QQP/dev.tsv", bytes(1 << 21))])
    assert path.stat().st_size < 1 << 14
    with pytest.raises(DataError, match="holds more than 1,048,576 bytes"):
        read(path, ["QQP/dev.tsv"])


def test_a_bomb_that_lies_about_its_size(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    write_zip(path, [("QQP/dev.tsv", bytes(1 << 21))])
    packed = path.read_bytes().replace((1 << 21).to_bytes(4, "little"), b"\1\0\0\0")
    path.write_bytes(packed)
    with pytest.raises(DataError, match="is not a whole archive"):
        read(path, ["QQP/dev.tsv"])


def test_a_bomb_next_to_what_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 1 << 20)
    path = tmp_path / "a.tar.gz"
    write_tar(path, [("final/dev.tsv", b"x"), ("other", bytes(1 << 21))])
    with pytest.raises(DataError, match="holds more than"):
        read(path, ["final/dev.tsv"])


# What stands in an unquoted TSV: anything but tabs and ends of lines.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n\0\x0b\x0c"), max_size=20
)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from("01")), min_size=1, max_size=8)


def glue(rows):
    header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"
    lines = [f"{n}\t{2 * n}\t{2 * n + 1}\t" + "\t".join(row) for n, row in enumerate(rows)]
    return "\n".join([header, *lines, ""]).encode()


def glue_test(rows):
    lines = [f"{n}\t{left}\t{right}" for n, (left, right, _) in enumerate(rows)]
    return "\n".join(["id\tquestion1\tquestion2", *lines, ""]).encode()


def paws(rows):
    lines = [f"{n}\t" + "\t".join(row) for n, row in enumerate(rows)]
    return "\n".join(["id\tsentence1\tsentence2\tlabel", *lines, ""]).encode()


def plainly(content, first):
    """Read the pairs of such a file by splitting it; `first` is the column of the first text."""
    lines = content.decode().split("\n")[1:-1]
    rows = [line.split("\t")[first:] for line in lines]
    return [(row[0], row[1], row[2] == "1") for row in rows]


def pairs_of(path):
    return [(pair.left, pair.right, pair.is_duplicate) for pair in stream_pairs(path)]


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(train=ROWS, dev=ROWS, test=ROWS)
def test_glues_rows_are_those_of_a_plain_reader(train, dev, test, tmp_path):
    members = [("QQP/original/x.tsv", b"x"), ("QQP/test.tsv", glue_test(test))]
    members += [("QQP/dev.tsv", glue(dev)), ("QQP/train.tsv", glue(train))]
    write_zip(tmp_path / "QQP-clean.zip", members)
    counts = convert(CORPORA["glue-qqp"], tmp_path)
    assert [count.rows for count in counts] == [len(train), len(dev), len(test)]
    assert counts[0].duplicates == sum(label == "1" for *_, label in train)
    assert (counts[2].duplicates, counts[0].left_out) == (None, 0)
    assert pairs_of(tmp_path / "train.tsv") == plainly(glue(train), 3)
    assert pairs_of(tmp_path / "validation.tsv") == plainly(glue(dev), 3)
    unlabelled = stream_unlabelled(tmp_path / "test.tsv")
    filled = [row[:2] for row in test if any(text.strip() for text in row[:2])]
    assert [(pair.left, pair.right) for pair in unlabelled] == filled


@settings(
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS)
def test_paws_rows_are_those_of_a_plain_reader(rows, tmp_path):
    members = [(f"final/{name}.tsv", paws(rows)) for name in ("test", "train", "dev")]
    write_tar(tmp_path / "paws_wiki_labeled_final.tar.gz", members)
    convert(CORPORA["paws"], tmp_path)
    for name in ("train", "validation", "test"):
        assert pairs_of(tmp_path / f"{name}.tsv") == plainly(paws(rows), 1)


def test_rows_that_do_not_fit_are_left_out_and_listed(tmp_path):
    good = [("a", "b", "1"), ("c", "d", "0")]
    bad = (
        glue(good) + b"9\t1\t2\tcut short\n" + b"9\t1\t2\tq\tq\tmaybe\n" + b"9\t1\t2\t\xff\tq\t1\n"
    )
    members = {"QQP/train.tsv": bad, "QQP/dev.tsv": glue(good), "QQP/test.tsv": glue_test(good)}
    write_zip(tmp_path / "QQP-clean.zip", members.items())
    counts = convert(CORPORA["glue-qqp"], tmp_path)
    assert [(count.rows, count.left_out) for count in counts] == [(2, 3), (2, 0), (2, 0)]
    listed = [json.loads(line) for line in (tmp_path / LEFT_OUT).read_text().splitlines()]
    assert [entry["line"] for entry in listed] == [4, 5, 6]
    assert pairs_of(tmp_path / "train.tsv") == [("a", "b", True), ("c", "d", False)]


def test_parts_are_written_all_or_none(tmp_path):
    (tmp_path / "train.tsv").write_text("old")
    rows = [("a", "b", "1")]
    members = [("final/train.tsv", paws(rows)), ("final/dev.tsv", paws(rows)[:10])]
    write_tar(tmp_path / "paws_wiki_labeled_final.tar.gz", members)
    with pytest.raises(DataError):
        convert(CORPORA["paws"], tmp_path)
    assert (tmp_path / "train.tsv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "paws_wiki_labeled_final.tar.gz",
        "train.tsv",
    ]


def test_an_archive_in_an_archive_is_no_text(tmp_path):
    members = [(f"final/{name}.tsv", gzip.compress(b"x")) for name in ("train", "dev", "test")]
    write_tar(tmp_path / "paws_wiki_labeled_final.tar.gz", members)
    with pytest.raises(DataError, match="packed with gzip"):
        convert(CORPORA["paws"], tmp_path)
