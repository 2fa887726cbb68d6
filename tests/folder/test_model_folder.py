import dataclasses
import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from gemel.decision import Evidence
from gemel.errors import FolderError
from gemel.folder import FORMAT_VERSION, check_place, load_model, replace_decision, save_model
from gemel.text import Rules, Tokenizer

DECISION = (
    b'{"threshold": 0.75, "lower": 0.5, "upper": 0.75, "slope": 8.0, "intercept": -6.0, "pairs": 9,'
    b' "settings": {"objective": "accuracy"}, "prevalence": 0.5, "data": ""}'
)
CHECKED = ["model.safetensors", "tokenizer.json", "decision.json", "training.json"]


@pytest.fixture
def folder(tiny_model, tmp_path):
    save_model(tiny_model, tmp_path / "model")
    return tmp_path / "model"


def swap_in(folder, name, content):
    """Put a file in place and make config.json name it, as a user with intent would."""
    (folder / name).write_bytes(content)
    config = json.loads((folder / "config.json").read_text())
    config["sha256"][name] = hashlib.sha256(content).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))


def with_evidence(model):
    similarity = np.array([0.5, -0.5, 1.0], np.float32)
    evidence = Evidence.of(similarity, np.array([True, False, True]))
    decision = dataclasses.replace(model.decision, pairs=3, evidence=evidence)
    return dataclasses.replace(model, decision=decision)


def change_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def test_what_is_saved_is_loaded(tiny_model, folder):
    loaded = load_model(folder)
    assert loaded.config == tiny_model.config
    assert loaded.decision == tiny_model.decision
    assert loaded.training == tiny_model.training
    assert loaded.tokenizer.rules == tiny_model.tokenizer.rules
    assert dict(loaded.tokenizer.vocabulary) == dict(tiny_model.tokenizer.vocabulary)
    assert set(loaded.weights) == set(tiny_model.weights)
    for name, array in tiny_model.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], array, strict=True)


def test_a_decision_keeps_its_evidence(tiny_model, folder, tmp_path):
    assert load_model(folder).decision.evidence is None
    model = with_evidence(tiny_model)
    save_model(model, tmp_path / "other")
    loaded = load_model(tmp_path / "other")
    assert loaded.decision.evidence == model.decision.evidence
    assert loaded.fingerprint == tiny_model.fingerprint


def test_a_decision_of_an_earlier_gemel_has_none(folder):
    swap_in(folder, "decision.json", DECISION)
    assert load_model(folder).decision.evidence is None


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        (7, "Expected `object | null`, got `int`"),
        ({}, "missing required field `same`"),
        ({"same": [1], "different": [1]}, "evidence.same must be 100 counts"),
        ({"same": [0] * 99 + [-1], "different": [0] * 100}, "100 numbers from -1 on"),
        ({"same": [0] * 99 + [0.5], "different": [0] * 100}, "Expected `int`, got `float`"),
        ({"same": [0] * 99 + [True], "different": [0] * 100}, "Expected `int`, got `bool`"),
        ({"same": [0] * 99 + ["1"], "different": [0] * 100}, "Expected `int`, got `str`"),
        ({"same": [0] * 99 + [None], "different": [0] * 100}, "Expected `int`, got `null`"),
        ({"same": [0] * 100_000, "different": [0] * 100}, "not 100000 numbers"),
        ({"same": [1] * 100, "different": [10**30] * 100}, "damaged: "),
        ({"same": [1] * 100, "different": [0] * 100}, "must be of the 9 pairs .* not of 100"),
    ],
)
def test_faulty_evidence(folder, evidence, message):
    swap_in(
        folder, "decision.json", json.dumps(json.loads(DECISION) | {"evidence": evidence}).encode()
    )
    with pytest.raises(FolderError, match=message):
        load_model(folder)


def test_weights_may_be_in_any_order_of_memory(tiny_model, tmp_path):
    turned = {name: np.asfortranarray(array) for name, array in tiny_model.weights.items()}
    save_model(dataclasses.replace(tiny_model, weights=turned), str(tmp_path / "model"))
    loaded = load_model(str(tmp_path / "model"))
    for name, array in tiny_model.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], array)


def test_a_folder_holds_these_files_and_can_be_moved(folder, tmp_path):
    names = {path.name for path in folder.iterdir()}
    assert names == {*CHECKED, "config.json", "README.md"}
    folder.rename(tmp_path / "elsewhere")
    load_model(tmp_path / "elsewhere")


def test_the_same_model_is_the_same_bytes(tiny_model, folder, tmp_path):
    save_model(tiny_model, tmp_path / "again" / "model")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / "model" / path.name).read_bytes()


def test_the_card_and_training_notes_of_a_model_are_for_people(folder):
    card = (folder / "README.md").read_text()
    assert "--model model" in card
    (folder / "README.md").unlink()
    load_model(folder)


def test_a_model_is_replaced_whole(tiny_model, folder):
    save_model(dataclasses.replace(tiny_model, training={"data": "d"}), folder, overwrite=True)
    assert load_model(folder).training == {"data": "d"}
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_what_cannot_be_written_leaves_what_stood_there(tiny_model, folder):
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_model(
            dataclasses.replace(tiny_model, training={"best": object()}), folder, overwrite=True
        )
    assert load_model(folder).training == tiny_model.training
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_model_is_not_replaced_unasked(tiny_model, folder):
    with pytest.raises(FolderError, match="holds a model already; add --overwrite"):
        save_model(tiny_model, folder)


@pytest.mark.parametrize("name", ["thesis.txt", "config.json"])
def test_what_is_no_model_is_never_replaced(tiny_model, tmp_path, name):
    place = tmp_path / "work"
    place.mkdir()
    (place / name).write_text('{"mine": 1}')
    with pytest.raises(FolderError, match=r"is not a gemel model.*; choose another place"):
        save_model(tiny_model, place, overwrite=True)
    assert (place / name).read_text() == '{"mine": 1}'


def test_a_model_with_somebodys_notes_in_it_is_not_replaced(tiny_model, folder):
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"it holds notes\.txt; move that elsewhere"):
        save_model(tiny_model, folder, overwrite=True)


def test_a_place_that_cannot_be_written_is_found_out_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        check_place(tmp_path / "file" / "model")
    with pytest.raises(FolderError, match="is not a gemel model; choose another"):
        check_place(tmp_path / "file")
    with pytest.raises(OSError, match="too long"):
        check_place(tmp_path / ("n" * 300))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FolderError, match="is the current folder"):
        check_place(".")
    check_place("new/and/deep")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_tokenizer_and_settings_must_agree(folder):
    config = json.loads((folder / "config.json").read_text())
    config["settings"]["text"]["lowercase"] = False
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(FolderError, match="contradict each other"):
        load_model(folder)


def test_a_deeply_nested_untrusted_file(folder):
    (folder / "config.json").write_text("[" * 200_000)
    with pytest.raises(FolderError, match="not JSON"):
        load_model(folder)


def test_an_empty_folder_may_be_filled(tiny_model, tmp_path):
    save_model(tiny_model, tmp_path)
    load_model(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(FolderError, match="none: no such model folder; `gemel train` makes one"):
        load_model(tmp_path / "none")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "model").write_text("")
    with pytest.raises(FolderError, match="no such model folder"):
        load_model(tmp_path / "model")


def test_another_folder_is_no_model(tmp_path):
    with pytest.raises(FolderError, match=r"not a gemel model: config\.json is missing"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", CHECKED)
def test_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(FolderError, match=f"model: damaged: {name} is missing"):
        load_model(folder)


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize("damage", ["empty", "truncated", "changed", "longer"])
def test_damaged_file(folder, name, damage):
    content = (folder / name).read_bytes()
    middle = len(content) // 2
    damaged = {
        "empty": b"",
        "truncated": content[:-1],
        "changed": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "longer": content + b"\n",
    }
    (folder / name).write_bytes(damaged[damage])
    with pytest.raises(FolderError, match=f"{name}: not the file .* cut short, changed or swapped"):
        load_model(folder)


@pytest.mark.parametrize("name", CHECKED)
def test_file_of_another_model(tiny_model, folder, tmp_path, name):
    other = dataclasses.replace(
        tiny_model,
        weights={key: array + 1 for key, array in tiny_model.weights.items()},
        tokenizer=Tokenizer(tiny_model.tokenizer.vocabulary, Rules(lowercase=False)),
        decision=dataclasses.replace(tiny_model.decision, threshold=0.6),
        training={},
    )
    save_model(other, tmp_path / "other")
    shutil.copy(tmp_path / "other" / name, folder / name)
    with pytest.raises(FolderError, match=f"{name}: not the file that config.json names"):
        load_model(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"config\.json: not JSON, perhaps cut short"),
        (b'{"format_version": 1, ', r"config\.json: not JSON, perhaps cut short"),
        (b"\xff\x00\xff", r"config\.json: not JSON"),
        (b"[1]", r"config\.json: expected a JSON object, found list"),
        (b"null", r"config\.json: expected a JSON object, found NoneType"),
        (b"{}", r"config\.json: no format_version; not a gemel model"),
        (b'{"format_version": "1"}', r"config\.json: no format_version"),
        (b'{"format_version": 4}', "not the file that config.json names"),
        (b'{"format_version": 4, "sha256": 7}', "not the file that config.json names"),
    ],
)
def test_faulty_config(folder, content, message):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(FolderError, match=message):
        load_model(folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "damaged: Expected `object`, got `array`"),
        (None, "damaged: Expected `object`, got `null`"),
        ({"networks": {}}, "no section 'networks'; did you mean 'network'"),
        ({"network": {"d_model": -1}}, "d_model must be from 1 to 8192, not -1"),
    ],
)
def test_faulty_settings(folder, settings, message):
    change_config(folder, settings=settings)
    with pytest.raises(FolderError, match=message):
        load_model(folder)


def test_no_settings(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["settings"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(FolderError, match="damaged: 'settings'"):
        load_model(folder)


def test_newer_format(folder):
    newer = FORMAT_VERSION + 1
    change_config(folder, format_version=newer, gemel_version="99.0")
    message = (
        rf"format {newer} was written by a newer gemel \('99\.0'\).* pip install --upgrade gemel"
    )
    with pytest.raises(FolderError, match=message):
        load_model(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer.json", b"[]", r"tokenizer\.json: expected a JSON object, found list"),
        ("tokenizer.json", b"{", r"tokenizer\.json: not JSON"),
        ("tokenizer.json", b"{}", "damaged: 'words'"),
        (
            "tokenizer.json",
            b'{"words": [1], "lowercase": true, "repair": false, "ngram_buckets": 0}',
            "Expected `str`, got `int`",
        ),
        ("tokenizer.json", b'{"words": ["a"], "lowercase": 2}', "Expected `bool`, got `int`"),
        (
            "tokenizer.json",
            b'{"words": ["a", "a"], "lowercase": true, "repair": false, "ngram_buckets": 0}',
            "every word once",
        ),
        (
            "tokenizer.json",
            b'{"words": ["a"], "lowercase": true, "repair": false, "ngram_buckets": 11}',
            r"expected float32 \(3, 4\)",
        ),
        ("decision.json", b"{}", "missing required field"),
        ("decision.json", DECISION.replace(b"accuracy", b"luck"), "must be one of accuracy"),
        ("decision.json", DECISION.replace(b'"lower": 0.5', b'"lower": 0.9'), "must not fall"),
        ("decision.json", b"7", r"decision\.json: expected a JSON object, found int"),
        ("training.json", b"7", r"training\.json: expected a JSON object, found int"),
        ("model.safetensors", b"", r"model\.safetensors: not a safetensors file"),
        ("model.safetensors", b"x" * 99, r"model\.safetensors: not a safetensors file"),
    ],
)
def test_faulty_content_under_a_right_checksum(folder, name, content, message):
    swap_in(folder, name, content)
    with pytest.raises(FolderError, match=message):
        load_model(folder)


def swap_weights(folder, weights):
    swap_in(folder, "model.safetensors", safetensors.numpy.save(dict(weights)))


@pytest.mark.parametrize("name", ["embedding.weight", "lstm.weight_hh", "lstm.bias"])
def test_wrong_shape(tiny_model, folder, name):
    array = np.ascontiguousarray(tiny_model.weights[name][:-1])
    swap_weights(folder, {**tiny_model.weights, name: array})
    with pytest.raises(
        FolderError, match=rf"{name} is float32 of shape \({len(array)}, ?.*expected"
    ):
        load_model(folder)


def test_wrong_kind_of_number(tiny_model, folder):
    bias = tiny_model.weights["lstm.bias"].astype(np.float64)
    swap_weights(folder, {**tiny_model.weights, "lstm.bias": bias})
    with pytest.raises(FolderError, match=r"lstm\.bias is float64 .*expected float32 \(16,\)"):
        load_model(folder)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_are_not_finite(tiny_model, folder, wrong):
    bias = tiny_model.weights["lstm.bias"].copy()
    bias[3] = wrong
    swap_weights(folder, {**tiny_model.weights, "lstm.bias": bias})
    with pytest.raises(FolderError, match=r"lstm\.bias holds numbers that are not finite"):
        load_model(folder)


def test_missing_and_unknown_weights(tiny_model, folder):
    weights = dict(tiny_model.weights)
    weights["lstm.bias_2"] = weights.pop("lstm.bias")
    swap_weights(folder, weights)
    with pytest.raises(FolderError, match=r"holds .*lstm\.bias_2.*; expected .*lstm\.bias,"):
        load_model(folder)


class Trap:
    """Unpickled, it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", CHECKED)
def test_a_pickle_runs_no_code(folder, tmp_path, name):
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    (folder / name).write_bytes(trap)
    with pytest.raises(FolderError, match="changed or swapped"):
        load_model(folder)
    swap_in(folder, name, trap)
    with pytest.raises(FolderError, match=r"not a safetensors file|not JSON"):
        load_model(folder)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(trap)  # the trap does work
    assert (tmp_path / "sprung").exists()


def test_killed_while_it_replaced_a_model_the_old_one_is_named(tmp_path, tiny_model):
    save_model(tiny_model, tmp_path / "m")
    old = tmp_path / ".m.old-x1"
    (tmp_path / "m").rename(old)
    with pytest.raises(FolderError, match=r"is at .*\.m\.old-x1: rename it"):
        load_model(tmp_path / "m")
    load_model(old)


def test_a_folder_of_an_older_format_states_to_train_again(tmp_path, tiny_model):
    save_model(tiny_model, tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    config = json.loads(path.read_text()) | {"format_version": 1}
    path.write_text(json.dumps(config))
    with pytest.raises(FolderError, match=r"format 1 is that of an older gemel.*train again"):
        load_model(tmp_path / "m")


def test_a_folder_of_the_format_before_is_read_with_the_defaults(tmp_path, tiny_model):
    save_model(tiny_model, tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    config = json.loads(path.read_text())
    config["format_version"] = 3
    for name in ("n_units", "bidirectional", "pooling", "compose_all", "head"):
        del config["settings"]["network"][name]
    path.write_text(json.dumps(config))
    assert load_model(tmp_path / "m").config == tiny_model.config


EVERY_FILE = ["config.json", *CHECKED, "README.md", "TERMS", "loss.png"]


def link_to_copy(path):
    """Replace a file by a symbolic link to an identical one elsewhere."""
    elsewhere = path.parent.with_name("elsewhere")
    elsewhere.write_bytes(path.read_bytes() if path.exists() else b"secret")
    path.unlink(missing_ok=True)
    path.symlink_to(elsewhere)


def replace_by_pipe(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def replace_by_folder(path):
    path.unlink(missing_ok=True)
    path.mkdir()


def link_to_device(path):
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("name", EVERY_FILE)
@pytest.mark.parametrize(
    ("replace", "found"),
    [
        (link_to_copy, "a symbolic link"),
        (link_to_device, "a symbolic link"),
        (replace_by_pipe, "not a regular file"),
        (replace_by_folder, "not a regular file"),
    ],
)
def test_only_regular_files_of_an_untrusted_folder_are_read(folder, name, replace, found):
    replace(folder / name)
    with pytest.raises(FolderError, match=f"{name}: {found}; copy the file itself"):
        load_model(folder)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_file_above_its_size_limit(folder, name):
    with (folder / name).open("ab") as stream:
        stream.truncate(5 << 30)  # sparse: takes no space
    with pytest.raises(FolderError, match=f"{name}: 5,368,709,120 bytes; expected at most"):
        load_model(folder)


def test_a_picture_that_became_a_link_is_not_copied(tiny_model, folder, tmp_path):
    loaded = load_model(folder)
    (tmp_path / "secret").write_text("secret")
    (folder / "loss.png").symlink_to(tmp_path / "secret")
    with pytest.raises(FolderError, match=r"loss\.png: a symbolic link"):
        replace_decision(loaded, loaded.decision, folder, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_the_folder_itself_may_be_a_symbolic_link(folder, tmp_path):
    (tmp_path / "current").symlink_to(folder)
    assert load_model(tmp_path / "current").fingerprint == load_model(folder).fingerprint


def test_a_folder_without_a_version_of_the_normal_form_keeps_the_first(tmp_path, tiny_model):
    assert tiny_model.config.text.normalization == 2  # that of new models
    first = dataclasses.replace(
        tiny_model,
        config=tiny_model.config.replace(["text.normalization=1"]),
        tokenizer=Tokenizer(
            tiny_model.tokenizer.vocabulary,
            dataclasses.replace(tiny_model.tokenizer.rules, normalization=1),
        ),
    )
    save_model(first, tmp_path / "m")
    path, names = tmp_path / "m" / "config.json", tmp_path / "m" / "tokenizer.json"
    words = json.loads(names.read_text())
    del words["normalization"]
    names.write_text(json.dumps(words))
    config = json.loads(path.read_text())
    config["format_version"] = 5
    del config["settings"]["text"]["normalization"]
    config["sha256"]["tokenizer.json"] = hashlib.sha256(names.read_bytes()).hexdigest()
    path.write_text(json.dumps(config))
    read = load_model(tmp_path / "m")
    assert read.tokenizer.clean("\u201c10\u2074\u201d") == "\u201c104\u201d"
    assert read.config == first.config
    assert read.fingerprint == first.fingerprint != tiny_model.fingerprint
