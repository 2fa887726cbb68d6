"""What Tab gives: the script is read by a real bash, and asked as bash asks it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gemel.cli.completing import complete_model, complete_setting
from gemel.config import Config

BASH = shutil.which("bash")
EXPECTED = {
    "gemel tr": "train",
    "gemel train pairs.csv --set training.ep": "training.epochs=2",
    "gemel compare one two --model ''": "my-model quora-en",
    "gemel train pai": "",  # bash itself offers files then
}
SCRIPT = """
gemel --install-completion > installed || exit
. "$HOME/.bashrc"
function=$(complete -p gemel | sed 's/.* -F \\([^ ]*\\).*/\\1/')
tab() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); $function gemel
        echo "${COMPREPLY[*]}"; }
"""


@pytest.fixture(scope="module")
def offered(tmp_path_factory):
    if BASH is None:
        pytest.skip("no bash here")
    home = tmp_path_factory.mktemp("home")
    (home / "my-model").mkdir()
    (home / "my-model" / "config.json").write_text("{}")
    (home / "other").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [BASH, "--norc", "-c", SCRIPT + "\n".join(f"tab {words}" for words in EXPECTED)],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        env=os.environ | {"HOME": str(home), "PATH": path},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "bash completion installed" in (home / "installed").read_text()
    return dict(zip(EXPECTED, done.stdout.split("\n"), strict=False))


@pytest.mark.parametrize("words", EXPECTED)
def test_bash_is_offered(offered, words):
    assert offered[words] == EXPECTED[words]


def test_every_setting_is_offered_with_its_default():
    offered = complete_setting("")
    count = sum(map(len, Config().to_mapping().values()))
    assert len(offered) == count
    assert Config().replace(offered) == Config()


def test_models_are_offered_where_the_path_leads(tmp_path, monkeypatch):
    for name in ("models/first", "models/second", "empty"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "models/first/config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert complete_model("models/") == ["models/first"]
    assert complete_model("models/s") == []
    assert complete_model("nowhere/") == []
    assert complete_model("quo") == ["quora-en"]
