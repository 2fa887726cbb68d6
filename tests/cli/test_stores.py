import pytest

from gemel.cli.options import shown


@pytest.mark.parametrize(
    ("db", "expected"),
    [
        ("site.db", "site.db"),
        ("postgresql://me:secret@host:5432/site?sslmode=require", "postgresql://host/site"),
        ("postgresql:///site?password=secret", "postgresql:///site"),
    ],
)
def test_a_corpus_is_named_without_its_password(db, expected):
    assert shown(db) == expected
