import gzip

import pytest

from gemel.data import read_pairs
from gemel.errors import DataError

CONTENT = b"question1,question2,is_duplicate\na,b,1\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            gzip.compress(CONTENT, mtime=0),
            r"is packed with gzip, not text; let its name end in \.gz",
        ),
        (b"PK\x03\x04" + bytes(50), "is a ZIP archive or an Excel workbook"),
        (b"PAR1\x15\x04" + bytes(50), r"is Parquet, not text; let its name end in \.parquet"),
    ],
    ids=["gzip", "zip", "parquet"],
)
def test_packed_files_of_a_wrong_name(tmp_path, content, message):
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"p\.csv: {message}"):
        read_pairs(tmp_path / "p.csv")


def test_gzip_of_several_members(tmp_path):
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(CONTENT) + gzip.compress(b"c,d,0\n"))
    assert len(read_pairs(tmp_path / "p.csv.gz")) == 2


def test_an_empty_gzip_file(tmp_path):
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match="is empty"):
        read_pairs(tmp_path / "p.csv.gz")
