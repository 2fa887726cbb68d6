import gzip
import os
import random
import subprocess
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Columns, read_pairs
from gemel.data.encodings import explain, wide_encoding
from gemel.errors import DataError

HEADER = "question1,question2,is_duplicate\n"
WESTERN = ["Où est l’élève ?", "¿Cómo estás?", "Schöne Grüße", "What’s the best café in town?"]
JAPANESE = ["パスワードを忘れました。", "東京の天気はどうですか？", "犬と猫のどちらが好き？"]
KOREAN = ["비밀번호를 잊어버렸어요", "오늘 날씨가 어때요?", "인생의 의미는 무엇입니까?"]
RUSSIAN = ["Как восстановить пароль?", "Какая сегодня погода в Москве?", "В чём смысл жизни?"]
CHINESE = ["如何重置我的密码？", "学习中文最好的方法是什么？", "人生的意义是什么？"]
SAMPLES = [
    ("cp1252", "WINDOWS-1252", WESTERN),
    ("shift_jis", "CP932", JAPANESE),
    ("euc_jp", "EUC-JP", JAPANESE),
    ("euc_kr", "CP949", KOREAN),
    ("koi8_r", "KOI8-R", RUSSIAN),
    ("cp1251", "WINDOWS-1251", RUSSIAN),
    ("gb18030", "GB18030", CHINESE),
]


def text_of(questions, count=5):
    rows = [f"{one},{two},1\n" for one in questions for two in questions]
    return HEADER + "".join((rows * count)[: 9 * count])


def message_of(path, columns=None):
    with pytest.raises(DataError) as caught:
        read_pairs(path, columns)
    return str(caught.value), caught.value.line


@pytest.mark.parametrize(("encoding", "name", "questions"), SAMPLES)
def test_an_encoding_is_named_and_the_line_to_type_mends_it(tmp_path, encoding, name, questions):
    path = tmp_path / "my pairs.csv"
    path.write_bytes(text_of(questions).encode(encoding))
    message, line = message_of(path)
    assert line == 2
    assert "is not UTF-8 (byte 0x" in message
    assert name in message
    command = message.split("convert it with: ")[1]
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    mended = tmp_path / "utf8-my pairs.csv"
    assert mended.read_text(encoding="utf-8") == text_of(questions)
    assert len(read_pairs(mended)) == 45


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
@pytest.mark.parametrize("questions", [WESTERN, KOREAN])
@pytest.mark.parametrize("has_header", [True, False])
def test_wide_encodings_are_named(tmp_path, encoding, questions, has_header):
    text = text_of(questions) if has_header else text_of(questions).removeprefix(HEADER)
    (tmp_path / "p.csv").write_bytes(text.encode(encoding))
    message, line = message_of(tmp_path / "p.csv", Columns(left=1, right=2, label=3))
    assert line is None
    assert f"is {encoding.upper().replace('-LE', 'LE').replace('-BE', 'BE')}, not UTF-8" in message
    command = message.split("convert it with: ")[1]
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    mended = (tmp_path / "utf8-p.csv").read_text(encoding="utf-8-sig")
    assert mended == text


def test_the_line_to_type_for_gzip(tmp_path):
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(text_of(RUSSIAN).encode("koi8_r")))
    command = message_of(tmp_path / "p.csv.gz")[0].split("convert it with: ")[1]
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    assert len(read_pairs(tmp_path / "utf8-p.csv.gz")) == 45


def test_a_long_file_is_named_too(tmp_path):
    """A sample that is cut within a character would be of no encoding at all."""
    for start in ("", "a", "ab"):
        (tmp_path / "p.csv").write_bytes((start + text_of(JAPANESE, 400)).encode("shift_jis"))
        message = message_of(tmp_path / "p.csv", Columns(left=1, right=2, label=3, header=True))[0]
        assert "CP932 (Shift_JIS)" in message


def test_a_named_pipe_is_not_opened_again(tmp_path):
    os.mkfifo(tmp_path / "pairs.csv")
    row = ",".join(RUSSIAN).encode("cp1251").decode("utf-8", "surrogateescape")
    said = []
    asking = threading.Thread(
        target=lambda: said.append(explain(tmp_path / "pairs.csv", row)), daemon=True
    )
    asking.start()
    asking.join(20)
    assert "WINDOWS-1251" in "".join(said)


def test_bytes_of_no_encoding(tmp_path):
    noise = random.Random(1).randbytes(3000).translate(None, b'\n\r",\0')
    (tmp_path / "p.csv").write_bytes(HEADER.encode() + noise + b",b,1\n")
    assert "it is in no encoding known here; save it as UTF-8" in message_of(tmp_path / "p.csv")[0]


def test_a_few_letters_are_a_perhaps(tmp_path):
    (tmp_path / "p.csv").write_bytes(HEADER.encode() + b"caf\xe9,b,1\n")
    assert "the file is perhaps WINDOWS-1252" in message_of(tmp_path / "p.csv")[0]


def test_one_row_among_utf8_is_no_reason_to_convert_the_file(tmp_path):
    content = text_of(KOREAN).encode() + b"caf\xe9,b,1\n"
    (tmp_path / "p.csv").write_bytes(content)
    message, line = message_of(tmp_path / "p.csv")
    assert line == 47
    assert "most of the file is UTF-8; write the row in UTF-8 too" in message
    assert "iconv" not in message


@given(st.text(st.characters(codec="utf-8")))
def test_utf8_is_not_taken_for_another(text):
    """Only text that is for a fifth or more NUL could be."""
    if text.count("\0") * 10 <= len(text):
        assert wide_encoding((HEADER + text).encode()) is None
    assert wide_encoding((HEADER + text).encode("utf-16")) == "UTF-16"
