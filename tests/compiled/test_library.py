import shutil
import subprocess

import pytest

from gemel.compiled import find_library, library, open_library


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_a_library_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "gemel.library"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OSError):  # noqa: PT011 - the loader's own words
        open_library(path)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_a_library_of_another_gemel_is_refused(tmp_path):
    (tmp_path / "old.c").write_text("long gemel_kinds(void) { return 1; }")
    command = ["gcc", "-shared", "-fPIC", tmp_path / "old.c", "-o", tmp_path / "old.library"]
    subprocess.run(command, check=True)
    with pytest.raises(OSError, match="another version of gemel"):
        open_library(tmp_path / "old.library")


def test_without_a_library_there_is_none(monkeypatch):
    def missing():
        raise OSError("no such file")

    monkeypatch.setattr(library, "open_library", missing)
    find_library.cache_clear()
    assert find_library() is None
    find_library.cache_clear()


@pytest.mark.skipif(find_library() is None, reason="installed without the compiled part")
def test_no_memory_is_an_error(monkeypatch):
    found = find_library()

    class Full:
        @staticmethod
        def gemel_kinds():
            return -1

    monkeypatch.setattr(found, "_library", Full)
    with pytest.raises(MemoryError, match="gemel_kinds found no space"):
        found.call("gemel_kinds", ())
