"""A name says which kind of store it is; psycopg is needed for one of them only."""

import subprocess
import sys

import pytest

from gemel.errors import StoreError
from gemel.store.base import Store
from gemel.store.connection import open_store
from gemel.store.sqlite import SQLiteStore


def test_a_file_is_an_sqlite_store(tmp_path):
    with open_store(str(tmp_path / "questions.db")) as store:
        assert isinstance(store, SQLiteStore)


def test_what_is_not_there_is_made_only_if_asked_for(where):
    with pytest.raises(StoreError, match=r"no such store|holds no store"):
        open_store(where, create=False)
    with open_store(where) as store:
        assert isinstance(store, Store)
    open_store(where, create=False).close()


def test_both_names_of_the_protocol_lead_to_postgres(new_database):
    url = new_database()
    for name in (url, url.replace("postgresql://", "postgres://")):
        with open_store(name) as store:
            assert store.name.startswith("postgresql://")


def test_psycopg_is_needed_for_postgres_only(tmp_path):
    code = """
import sys
sys.modules["psycopg"] = None
from gemel.errors import MissingExtraError
from gemel.store.connection import open_store
open_store(sys.argv[1]).close()
try:
    open_store("postgresql://localhost/none")
except MissingExtraError as error:
    assert "pip install 'gemel[postgres]'" in str(error)
else:
    sys.exit("no error")
"""
    command = [sys.executable, "-c", code, tmp_path / "questions.db"]
    assert subprocess.run(command, check=False).returncode == 0
