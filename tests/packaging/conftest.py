"""What is built of this tree, as it would be published, and Pythons to install it into."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ["gemel", "tests", "docs", "hatch_build.py", "pyproject.toml", ".gitignore"]
PARTS += ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"]
PYTHONS = ["3.11", "3.12", "3.13"]


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A copy of what is built from, so that nothing is compiled under the feet of other tests."""
    copy = tmp_path_factory.mktemp("tree") / "gemel"
    copy.mkdir()
    left_out = shutil.ignore_patterns("__pycache__", "*.library", "*.new", ".*_cache")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=left_out)
        else:
            shutil.copy(ROOT / part, copy / part)
    return copy


@pytest.fixture(scope="session")
def build(tree, tmp_path_factory):
    """A function that builds, with some environment; it gives the folder and the given values."""

    def call(*options, **environment):
        out = tmp_path_factory.mktemp("dist")
        done = subprocess.run(
            [sys.executable, "-m", "build", *options, "--outdir", out, tree],
            capture_output=True,
            text=True,
            check=False,
            env=plain_environment() | environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return out, done.stdout + done.stderr

    return call


@pytest.fixture(scope="session")
def dist(build):
    """The folder with the sdist, and the wheel that was made of it."""
    return build()[0]


@pytest.fixture(scope="session", params=PYTHONS)
def binaries(request, dist, tmp_path_factory):
    """An environment of a Python with gemel's wheel, and nothing that was not asked for."""
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} here")
    place = tmp_path_factory.mktemp("base") / "venv"
    if python == sys.executable:
        venv.create(place, with_pip=True)
    else:
        subprocess.run([python, "-m", "venv", place], check=True, env=plain_environment())
    (wheel,) = dist.glob("*.whl")
    pip = [place / "bin" / "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    subprocess.run([*pip, wheel], check=True, env=plain_environment())
    return place / "bin"


def plain_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def find_python(version):
    """Find an interpreter that runs and can make environments; pyenv's stand next to its shims."""
    if version == "{}.{}".format(*sys.version_info):
        return sys.executable
    name = f"python{version}"
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = [shutil.which(name), *sorted(home.glob(f"{version}.*/bin/{name}"), reverse=True)]
    for candidate in filter(None, found):
        done = subprocess.run(
            [candidate, "-c", "import ensurepip, sqlite3, ssl, sys, venv; print(sys.version)"],
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.returncode and done.stdout.startswith(f"{version}."):
            return str(candidate)
    return None
