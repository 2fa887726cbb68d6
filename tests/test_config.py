import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.config import Config, NetworkConfig, TextConfig, TrainingConfig, packaged_settings
from gemel.errors import ConfigError

configs = st.builds(
    Config,
    text=st.builds(TextConfig, lowercase=st.booleans(), min_count=st.integers(1, 99)),
    network=st.builds(NetworkConfig, d_model=st.integers(1, 999), masked=st.booleans()),
    training=st.builds(
        TrainingConfig,
        margin=st.floats(0, 2, exclude_min=True),
        batch_size=st.integers(2, 9999),
        epochs=st.integers(1, 99),
        learning_rate=st.floats(0, 10, exclude_min=True, exclude_max=True),
        validation_fraction=st.floats(0, 1, exclude_min=True, exclude_max=True),
        seed=st.integers(0, 2**64 - 1),
    ),
)


@given(configs)
def test_settings_survive_a_mapping(config):
    assert Config.from_mapping(config.to_mapping()) == config


def test_what_is_not_named_keeps_its_default():
    config = Config.from_mapping({"training": {"epochs": 9}})
    assert config == Config(training=TrainingConfig(epochs=9))
    assert Config.from_mapping({}) == Config()


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().training.epochs = 2


def test_toml_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[network]\nd_model = 16\nmasked = false\n[training]\nmargin = 1\n")
    assert Config.from_toml(path) == Config(
        network=NetworkConfig(d_model=16, masked=False), training=TrainingConfig(margin=1.0)
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[training", "mine.toml: not a TOML file"),
        (b"\xff\xfe", "mine.toml: not a TOML file"),
        (b"[training]\nepoch = 3", r"mine.toml: no setting training\.epoch; did you mean 'epochs'"),
        (b"[trainin]\nepochs = 3", "mine.toml: no section 'trainin'; did you mean 'training'"),
        (b"training = 3", r"'training' is a section: write training\.name=value"),
        (b"[text]\nzzz = 3", r"no setting text\.zzz; there are: lowercase, min_count"),
        (b"[training]\nepochs = 'many'", r"mine.toml: Expected `int`, got `str`.*training\.epochs"),
        (b"[training]\nepochs = 2.5", r"mine.toml: Expected `int`, got `float`"),
        (
            b"[training]\nepochs = 0",
            r"mine.toml: training\.epochs must be a whole number from 1 to 100,000, not 0",
        ),
    ],
)
def test_faulty_toml_files(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        Config.from_toml(path)


def test_missing_toml_file(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: cannot read the settings: No such file"):
        Config.from_toml(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot read the settings: Is a directory"):
        Config.from_toml(tmp_path)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("text", "min_count", 0),
        ("network", "d_model", 0),
        ("training", "margin", 0.0),
        ("training", "margin", 2.5),
        ("training", "margin", float("nan")),
        ("training", "batch_size", 1),
        ("training", "chunk_size", -1),
        ("network", "n_units", -1),
        ("network", "head", 9999),
        ("network", "pooling", "sum"),
        ("network", "weights", "int8"),
        ("training", "loss", "contrastive"),
        ("training", "keep", "first"),
        ("training", "label_noise", 0.5),
        ("training", "typos", 1.0),
        ("training", "contrasts", 1.5),
        ("training", "transitive", -0.5),
        ("training", "dropout", 1.0),
        ("training", "epochs", 0),
        ("training", "learning_rate", 0.0),
        ("training", "ema_decay", 1.0),
        ("training", "ema_decay", -0.1),
        ("training", "learning_rate", float("inf")),
        ("training", "validation_fraction", 0.0),
        ("training", "validation_fraction", 1.0),
        ("training", "validation_fraction", float("nan")),
        ("training", "seed", -1),
        ("training", "seed", 2**64),
    ],
)
def test_values_out_of_range(section, name, value):
    expected = rf"{section}\.{name} must .*{re.escape(str(value))}"
    with pytest.raises(ConfigError, match=expected):
        Config.from_mapping({section: {name: value}})
    kind = {"text": TextConfig, "network": NetworkConfig, "training": TrainingConfig}[section]
    with pytest.raises(ConfigError, match=expected):
        kind(**{name: value})


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["network.head=8"], "network.head learns by training.loss = .joint. only"),
        (["training.label_noise=0.1"], "training.label_noise is for training.loss = .joint."),
        (["network.compose_all=true", "text.ngram_buckets=0"], "needs text.ngram_buckets above 0"),
        (["training.typos=0.1", "text.ngram_buckets=0"], "needs text.ngram_buckets above 0"),
        (["network.masked=false", "network.pooling=max"], "for the notebook's network only"),
        (["network.masked=false", "network.bidirectional=true"], "notebook's network only"),
    ],
)
def test_settings_that_do_not_go_together(assignments, message):
    with pytest.raises(ConfigError, match=message):
        Config().replace(assignments)


def test_a_question_vector_is_as_long_as_its_lstms():
    assert NetworkConfig(d_model=8).dim == 8
    assert NetworkConfig(d_model=8, n_units=5).dim == 5
    assert NetworkConfig(d_model=8, n_units=5, bidirectional=True).dim == 10


def test_replace_reads_values_as_toml():
    config = Config().replace(
        ["training.epochs=2", " training.margin = 0.5", "text.lowercase=false", "training.epochs=7"]
    )
    assert config == Config(
        text=TextConfig(lowercase=False), training=TrainingConfig(epochs=7, margin=0.5)
    )


@pytest.mark.parametrize(
    "assignment", ["epochs=2", "training.epochs", ".epochs=2", "training.=2", ""]
)
def test_replace_refuses_what_is_no_assignment(assignment):
    with pytest.raises(ConfigError, match=r"write section\.name=value"):
        Config().replace([assignment])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("training.epoch=2", r"--set: no setting training\.epoch; did you mean 'epochs'"),
        ("trainig.epochs=2", "--set: no section 'trainig'; did you mean 'training'"),
        ("training.epochs=two", "--set: Expected `int`, got `str`"),
        ("training.epochs=", "--set: Expected `int`, got `str`"),
    ],
)
def test_replace_refuses_what_does_not_exist(assignment, message):
    with pytest.raises(ConfigError, match=message):
        Config().replace([assignment])


def test_settings_that_come_with_gemel_go_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "finetune" in packaged_settings()
    assert Config.from_toml("finetune") != Config()
    assert Config.from_toml("notebook") == Config()
    (tmp_path / "few").mkdir()
    assert Config.from_toml("few").training.loss == "joint"
    (tmp_path / "few.toml").write_text("[training]\nepochs = 7\n")
    assert Config.from_toml("few.toml").training.epochs == 7
    (tmp_path / "finetune").write_text("[training]\nepochs = 9\n")
    assert Config.from_toml("finetune").training.epochs == 9


@pytest.mark.parametrize("name", ["goingon", "configs/finetune.toml", "../few", "few.tml"])
def test_settings_that_are_not_there_are_refused_with_the_names_there_are(
    name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="or one of accurate, few, finetune, notebook, quora"):
        Config.from_toml(name)
