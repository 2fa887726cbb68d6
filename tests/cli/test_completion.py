"""What Tab gives: the script is read by a real bash, and asked as bash asks it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gemel.cli.completion import complete_model, complete_setting, complete_settings
from gemel.config import Config

BASH = shutil.which("bash")
SCRIPT = """
gemel --install-completion > installed || exit
. "$HOME/.bashrc"
function=$(complete -p gemel | sed 's/.* -F \\([^ ]*\\).*/\\1/')
COMP_WORDS=(gemel train pairs.csv --set training.ep)
COMP_CWORD=4
$function gemel
echo "${COMPREPLY[*]}"
"""


@pytest.mark.skipif(BASH is None, reason="no bash here")
def test_bash_asks_as_it_was_told(tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [BASH, "--norc", "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path), "PATH": path},
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "training.epochs=2\n")
    assert "bash completion installed" in (tmp_path / "installed").read_text()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gemel tr", ["train"]),
        ("gemel compare one two --model ", ["my-model", "quora-en"]),
        ("gemel train pai", []),  # bash itself offers files then
    ],
)
def test_what_is_offered(run, tmp_path, monkeypatch, words, expected):
    (tmp_path / "my-model").mkdir()
    (tmp_path / "my-model" / "config.json").write_text("{}")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    # How the script that is installed asks.
    monkeypatch.setenv("_GEMEL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    code, out, err = run()
    assert (code, out.split(), err) == (0, expected, "")


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
    assert complete_settings("fi") == ["finetune"]
