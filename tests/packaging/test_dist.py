"""The sdist and the wheel: what is in them, and that they are the same thing."""

import email
import tarfile
import zipfile

import pytest

pytestmark = pytest.mark.slow

LARGEST = 12_000_000


@pytest.fixture(scope="module")
def wheel(dist):
    (path,) = dist.glob("*.whl")
    return path


def contents(path):
    """Read what is in a wheel, but for its list of sums."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.endswith("/RECORD")]
        return {name: archive.read(name) for name in names}


def metadata(files):
    (text,) = [text for name, text in files.items() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(text)


def sources(tree, folder=""):
    return {
        path.relative_to(tree).as_posix()
        for path in (tree / "gemel" / folder).rglob("*")
        if path.is_file()
    }


def test_the_sdist_has_what_the_wheel_is_made_of_and_no_more(dist, tree):
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
    assert sources(tree) <= names
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "SECURITY.md",
        "hatch_build.py",
    } <= names
    assert [name for name in names if name.startswith(("tests", "docs", "benchmarks"))] == []
    assert [name for name in names if name.endswith((".library", ".pyc"))] == []
    assert path.stat().st_size < LARGEST


def test_the_wheel_has_all_that_runs(wheel, tree):
    files = contents(wheel)
    assert sources(tree) <= set(files)
    for name in (
        "gemel/py.typed",
        "gemel/compiled/gemel.library",
        "gemel/pretrained/quora-en/model.safetensors",
        "gemel/pretrained/quora-en/TERMS",
        "gemel/samples/helpdesk.tsv",
        "gemel/pages/evaluation.html",
    ):
        assert files[name] or name.endswith("py.typed")
    assert any(name.startswith("gemel/service/page/") for name in files)
    tops = {name.partition("/")[0] for name in files}
    assert tops == {"gemel", f"gemel-{metadata(files)['Version']}.dist-info"}
    assert [name for name in files if "__pycache__" in name or name.endswith(".pyc")] == []
    assert wheel.stat().st_size < LARGEST


def test_the_tree_makes_the_same_wheel(build, wheel):
    again, _ = build("--wheel")
    (other,) = again.glob("*.whl")
    assert other.name == wheel.name
    mine, theirs = contents(wheel), contents(other)
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if mine[name] != theirs[name]] == []


def test_metadata(wheel):
    found = metadata(contents(wheel))
    assert found["Name"] == "gemel"
    assert found["License-Expression"] == "Apache-2.0"
    assert found["Requires-Python"] == ">=3.11"
    assert found["Description-Content-Type"] == "text/markdown"
    assert found.get_payload().lstrip().startswith("# gemel")
    classifiers = found.get_all("Classifier")
    assert [each for each in classifiers if each.startswith("Operating System")] == [
        "Operating System :: POSIX :: Linux"
    ]
    assert {f"Programming Language :: Python :: 3.{n}" for n in (11, 12, 13)} <= set(classifiers)
    assert "Typing :: Typed" in classifiers
    base = [each for each in found.get_all("Requires-Dist") if "extra ==" not in each]
    assert not [each for each in base if each.startswith(("torch", "pyarrow", "matplotlib"))]
    assert "torch" in "".join(found.get_all("Requires-Dist"))


@pytest.mark.parametrize("environment", [{"GEMEL_KERNEL": "no"}, {"CC": "/no/compiler/here"}])
def test_without_a_compiler_the_wheel_is_for_every_machine(build, wheel, environment):
    out, said = build("--wheel", **environment)
    (pure,) = out.glob("*.whl")
    assert pure.name.endswith("-py3-none-any.whl")
    assert ("slower: /no/compiler/here: No such file" in said) == ("CC" in environment)
    assert contents(wheel).keys() - contents(pure).keys() == {"gemel/compiled/gemel.library"}


def test_a_compiler_can_be_required(build):
    with pytest.raises(AssertionError, match="cannot be compiled: /no/compiler/here"):
        build("--wheel", GEMEL_KERNEL="require", CC="/no/compiler/here")
