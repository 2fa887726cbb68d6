import os
from pathlib import Path

import pytest

from gemel.files import new_file, new_folder, write_bytes, write_text


def content_of(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def refuse(*args, **kwargs):
    raise OSError(28, "No space left on device")


def test_writes_and_replaces_a_file(tmp_path):
    path = tmp_path / "file"
    write_text(path, "grün")
    assert path.read_bytes() == "grün".encode()
    write_bytes(path, b"\0\xff")
    assert path.read_bytes() == b"\0\xff"
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize("fault", ["fsync", "fdopen"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, fault):
    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, fault, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_text(tmp_path / "file", "new")
    assert content_of(tmp_path) == {"file": "old"}


def test_a_file_is_there_when_it_is_whole(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with new_file(path) as stream:
        stream.write(b"new, ")
        stream.write(b"whole")
        assert path.read_text() == "old"
    assert content_of(tmp_path) == {"file": "new, whole"}


def test_a_file_that_is_given_up_leaves_the_old_one_and_nothing_else(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(TypeError), new_file(tmp_path / "file") as stream:
        stream.writelines([b"half", "no bytes"])
    assert content_of(tmp_path) == {"file": "old"}


def test_a_failing_rename_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_text(tmp_path / "file", "new")
    assert content_of(tmp_path) == {"file": "old"}


def test_a_file_needs_a_parent(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "none" / "file", "new")


def test_others_may_read_what_the_umask_lets_them(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "")
        with new_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750


def test_a_new_folder_appears_whole_with_its_parents(tmp_path):
    path = tmp_path / "deep" / "folder"
    with new_folder(path) as folder:
        (folder / "a").write_text("1")
        assert not path.exists()
    assert content_of(tmp_path) == {"deep/folder/a": "1"}


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "folder"
    (path / "inside").mkdir(parents=True)
    (path / "inside" / "old").write_text("old")
    with new_folder(path) as folder:
        (folder / "new").write_text("new")
        assert content_of(path) == {"inside/old": "old"}
    assert content_of(tmp_path) == {"folder/new": "new"}
    assert names_in(tmp_path) == ["folder"]


def fill_in_vain(path, fault):
    with new_folder(path) as folder:
        (folder / "new").write_text("new")
        raise fault


@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
def test_an_exception_inside_leaves_what_stood_there(tmp_path, stands, fault):
    path = tmp_path / "folder"
    if stands:
        path.mkdir()
        (path / "old").write_text("old")
    with pytest.raises(fault):
        fill_in_vain(path, fault)
    assert content_of(tmp_path) == ({"folder/old": "old"} if stands else {})
    assert names_in(tmp_path) == (["folder"] if stands else [])


def test_a_failing_swap_puts_the_old_folder_back(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    rename = Path.rename

    def rename_only_the_old(self, target):
        return refuse() if ".new-" in self.name else rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_only_the_old)
    with pytest.raises(OSError, match="No space left"), new_folder(path) as folder:
        (folder / "new").write_text("new")
    assert content_of(tmp_path) == {"folder/old": "old"}
    assert names_in(tmp_path) == ["folder"]


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    path = tmp_path / "folder"
    path.write_text("a file")
    with pytest.raises(NotADirectoryError, match="folder"), new_folder(path) as folder:
        (folder / "new").write_text("new")
    assert content_of(tmp_path) == {"folder": "a file"}
    assert names_in(tmp_path) == ["folder"]


def test_a_full_disk_states_where(tmp_path):
    with pytest.raises(OSError, match="No space left") as raised:
        fill_in_vain(tmp_path / "folder", OSError(28, "No space left on device"))
    assert raised.value.filename == str(tmp_path / "folder")
