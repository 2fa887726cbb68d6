"""Exports: asked of sentence-transformers itself; and which texts cannot agree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gemel.api.exchange_functions import export
from gemel.data import read_pairs
from gemel.errors import ConfigError, FolderError, GemelError
from gemel.exchange import TARGETS, export_model, freeze
from gemel.exchange import model_export as exporting
from gemel.exchange.model_export import check_export_place
from gemel.exchange.sentence_transformers import is_new_enough, write_sentence_transformers
from gemel.folder import load_model
from gemel.inference import Engine

TEXTS = [
    "How old are you?",
    "HOW OLD ARE YOU",
    "what’s your age",
    "Don't they use C++ in Ünna, if I may ask you once more in one very long question?",
    "zebra?",
]
KINDS = [(pooling, both) for pooling in ("mean", "max") for both in ("false", "true")]
QUORA = Path(os.environ.get("GEMEL_QUORA", "dev_natural.csv"))


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def written(model_with, tmp_path):
    """Export a model of some settings, and give the folder and what was said."""

    def write(*settings, out="out", **options):
        model = model_with(*settings)
        return model, export(tmp_path / out, model, check=TEXTS, **options)

    return write


@pytest.mark.parametrize(("pooling", "both"), KINDS)
def test_the_library_itself_gives_the_same_vectors(written, pooling, both):
    from sentence_transformers import SentenceTransformer

    model, done = written(
        "text.ngram_buckets=13",
        f"network.pooling={pooling}",
        f"network.bidirectional={both}",
        words=TEXTS,
    )
    loaded = SentenceTransformer(str(done.path), device="cpu")
    assert loaded.similarity_fn_name == "cosine"
    assert {type(each).__module__.partition(".")[0] for each in loaded} == {"sentence_transformers"}
    vectors = Engine(model, backend="numpy").encode(TEXTS)
    np.testing.assert_allclose(loaded.encode(TEXTS), vectors, rtol=0, atol=1e-6)
    assert loaded.get_embedding_dimension() == vectors.shape[1]
    assert done.agreement.disagreements == []
    assert done.agreement.compared == done.agreement.texts == len(TEXTS)
    assert 0 < done.agreement.difference < 1e-5
    assert done.asked.startswith("sentence-transformers ")


def test_the_files_are_those_that_the_library_writes(written, tmp_path):
    from sentence_transformers import SentenceTransformer

    _, done = written("network.bidirectional=true")
    SentenceTransformer(str(done.path), device="cpu").save(str(tmp_path / "saved"))
    for name in ("modules.json", "wordembedding_config.json", "1_LSTM/lstm_config.json"):
        saved, ours = ((path / name).read_text() for path in (tmp_path / "saved", done.path))
        assert json.loads(ours) == json.loads(saved)
    for name in ("2_Pooling/config.json", "3_Normalize/config.json"):
        saved, ours = ((path / name).read_text() for path in (tmp_path / "saved", done.path))
        assert json.loads(ours) == json.loads(saved)
    ours = {each.relative_to(done.path) for each in done.path.rglob("*") if each.is_file()}
    saved = tmp_path / "saved"
    theirs = {each.relative_to(saved) for each in saved.rglob("*") if each.is_file()}
    assert ours - theirs == {Path("gemel.json")}
    assert theirs <= ours


def test_who_cannot_agree_is_reported_with_the_reason(model_with, tmp_path):
    model = model_with("text.ngram_buckets=13", "text.nearest=true")
    texts = ["a yak, a zebra and a yak", "you ol\u0301d", "old\ud800", " \u200b", "how old"]
    check = [*texts, texts[0]]
    done = export_model(model, tmp_path / "out", to=TARGETS[0], words=["zebra gnu"], check=check)
    assert done.added == ["zebra", "gnu"]
    agreement = done.agreement
    assert (agreement.texts, agreement.compared) == (5, 1)
    found = {text: (reason, words) for text, reason, words in agreement.disagreements}
    assert found == {
        texts[0]: ("words without a row", ("a", "yak", "and")),
        texts[1]: ("words without a row", ("o\u013ad",)),
        texts[2]: ("half a character is in it, which the tool does not take", ()),
        texts[3]: ("no word or mark is in it", ()),
    }


def test_without_ngrams_unknown_words_agree_but_not_those_put_right(model_with, tmp_path):
    model = model_with("text.nearest=true")
    texts = ["the zebra and the yak", "whta is old"]
    agreement = export(tmp_path / "out", model, check=texts).agreement
    assert agreement.disagreements == [("whta is old", "words without a row", ("whta",))]
    assert agreement.compared == 1
    export(tmp_path / "out", model, words=texts, check=texts, overwrite=True)


def test_what_repair_puts_right_cannot_agree(model_with, tmp_path):
    model = model_with("text.repair=true")
    texts = ["I donâ€™t know", "I don't know"]
    found = export(tmp_path / "out", model, check=texts).agreement.disagreements
    assert [(each.text, each.reason) for each in found] == [
        (texts[0], "garbled letters are put right by gemel alone")
    ]


def test_a_text_that_is_read_otherwise_is_named(model_with, tmp_path):
    first = "text.normalization=1"  # the second cuts long runs of marks, as the tool does
    text = "you " + "e" + "\u0301\u0316" * 40
    found = export(tmp_path / "out", model_with(first), check=["you", text]).agreement.disagreements
    assert [each.text for each in found if each.reason == "the tool reads other words"] == []
    # Without n-grams both are the unknown word; with a row of its own the difference shows.
    model = model_with("text.ngram_buckets=13", first)
    done = export(tmp_path / "other", model, words=[text], check=["you", text])
    assert [(each.text, each.reason, each.words) for each in done.agreement.disagreements] == [
        (text, "the tool reads other words", ("you", "<UNK>"))
    ]
    assert done.agreement.compared == 1


def test_a_folder_that_does_not_agree_is_not_written(model_with, tmp_path, monkeypatch):
    def worse(frozen, folder):
        frozen.table[5:] += 0.01
        write_sentence_transformers(frozen, folder)

    monkeypatch.setattr(exporting, "write_sentence_transformers", worse)
    with pytest.raises(GemelError, match="gives other vectors than gemel"):
        export(tmp_path / "out", model_with(), check=TEXTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "enough"),
    [("5.1.2", False), ("6.1.0", False), ("6.2.0", True), ("6.10.1", True), ("7.0.0.dev1", True)],
)
def test_versions_that_read_one_word_only_are_not_asked(
    version, enough, model_with, tmp_path, monkeypatch
):
    assert is_new_enough(version) is enough
    monkeypatch.setattr(exporting, "installed_version", lambda _: version)
    if not enough:
        done = export(tmp_path / "out", model_with(), check=TEXTS)
        assert (done.asked, done.agreement.compared) == ("", 0)
        assert version in done.not_asked


def test_without_the_library_it_is_written_all_the_same(model_with, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "installed_version", lambda _: None)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    done = export(tmp_path / "out", model_with("text.ngram_buckets=13"), check=TEXTS)
    assert done.not_asked == "sentence-transformers is not installed"
    assert (done.path / "modules.json").is_file()
    assert {each.reason for each in done.agreement.disagreements} == {"words without a row"}


def test_export_brings_in_neither_torch_nor_the_library(tmp_path):
    code = """if True:
        import sys
        from gemel.api.exchange_functions import export
        from gemel.exchange import model_export as exporting
        exporting.installed_version = lambda _: None
        export(sys.argv[1], check=["how old are you?"])
        found = {"torch", "sentence_transformers", "transformers"} & sys.modules.keys()
        sys.exit(", ".join(found) or 0)"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "out"], check=True)


class TestPlace:
    def test_what_gemel_did_not_write_is_never_replaced(self, written, tmp_path):
        _, done = written()
        (done.path / "1_LSTM" / "notes.txt").write_text("mine")
        with pytest.raises(FolderError, match=r"has 1_LSTM/notes\.txt, which"):
            written(overwrite=True)
        assert (done.path / "1_LSTM" / "notes.txt").read_text() == "mine"
        (tmp_path / "other").mkdir()
        written(out="other")  # an empty folder is no loss
        (tmp_path / "third").mkdir()
        (tmp_path / "third" / "gemel.json").write_text("[]")
        with pytest.raises(FolderError, match=r"has gemel\.json, which"):
            written(out="third", overwrite=True)

    def test_an_export_is_replaced_if_asked(self, written):
        _, done = written()
        before = (done.path / "model.safetensors").read_bytes()
        with pytest.raises(FolderError, match="has an export; add --overwrite"):
            written("network.d_model=4")
        assert (done.path / "model.safetensors").read_bytes() == before
        written("network.d_model=4", overwrite=True)
        assert (done.path / "model.safetensors").read_bytes() != before

    def test_a_name_that_other_tools_do_not_open_is_refused(self, written, tmp_path):
        with pytest.raises(FolderError, match=r"/\\udcff': name is not UTF-8"):
            written(out="\udcff")
        assert list(tmp_path.iterdir()) == []

    def test_files_and_the_current_folder_are_refused(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        with pytest.raises(FolderError, match="is not a folder"):
            check_export_place(tmp_path / "file", overwrite=True)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FolderError, match="is the current folder"):
            check_export_place(".", overwrite=True)


def test_what_cannot_be_exported_is_refused(model_with, tmp_path):
    for options, message in (
        ({"to": "tensorflow"}, "sentence-transformers, onnx, not 'tensorflow'"),
        ({"int8": True}, "int8 is for onnx"),
    ):
        with pytest.raises(ConfigError, match=message):
            export(tmp_path / "out", model_with(), **options)
    with pytest.raises(ConfigError, match=r"network\.masked = false"):
        export(tmp_path / "out", model_with("network.masked=false"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["sentence-transformers", "onnx"])
def test_decision_licence_and_figures_go_along_where_they_hold(model_with, tmp_path, to):
    done = export(tmp_path / "own", model_with(), to=to, check=TEXTS)
    note = json.loads((done.path / "gemel.json").read_text())
    assert note["decision"]["threshold"] == 0.75
    assert (note["decision"]["slope"], note["decision"]["intercept"]) == (8.0, -6.0)
    assert note["decision"]["holds_for_cosine"] is done.holds_for_cosine is True
    card = (done.path / "README.md").read_text()
    assert card.startswith("---\n")
    assert f"library_name: {to}\n" in card
    assert "from a cosine of **0.7500** on" in card
    headed = model_with("network.head=3", "training.loss=joint")
    done = export(tmp_path / "headed", headed, to=to, check=TEXTS)
    note = json.loads((done.path / "gemel.json").read_text())
    assert note["decision"]["holds_for_cosine"] is done.holds_for_cosine is False
    assert "does not hold for the\ncosine" in (done.path / "README.md").read_text()


def test_the_shipped_models_terms_go_along_and_its_figures_do_not(tmp_path):
    done = export(tmp_path / "out", check=["How old are you?"])
    card = (done.path / "README.md").read_text()
    front = card.split("---\n")[1]
    assert "license_name: quora-terms\n" in front
    assert "model-index" not in front
    assert "average_precision" not in front
    assert (done.path / "TERMS").read_text().startswith("Terms of the model in this folder")


def test_the_onnx_folder_agrees_too(model_with, tmp_path):
    model = model_with("text.ngram_buckets=13", "network.pooling=max", "network.bidirectional=true")
    done = export(tmp_path / "out", model, to="onnx", words=TEXTS, check=TEXTS, int8=True)
    assert done.asked == "ONNX Runtime"
    assert done.agreement.disagreements == []
    assert done.agreement.compared == len(TEXTS)
    assert done.agreement.difference < 1e-5
    assert done.least_int8_cosine > 0.9
    assert {"model.onnx", "model_int8.onnx", "tokenizer.json"} <= {
        each.name for each in done.path.iterdir()
    }


@pytest.mark.slow
@pytest.mark.parametrize("to", ["sentence-transformers", "onnx"])
def test_a_thousand_real_questions_agree(tmp_path, to):
    if not QUORA.exists():
        pytest.skip("the Quora pairs are not here")
    texts = read_pairs(QUORA).texts[:1000]
    done = export(tmp_path / "all", to=to, words=texts, check=texts)
    assert (done.agreement.compared, done.agreement.disagreements) == (1000, [])
    assert done.agreement.difference < 1e-4
    done = export(tmp_path / "some", to=to, check=texts)
    known = freeze(load_model("quora-en")).words
    assert done.agreement.compared + len(done.agreement.disagreements) == 1000
    assert done.agreement.compared > 750
    assert not {word for each in done.agreement.disagreements for word in each.words} & {*known}
