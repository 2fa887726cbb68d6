"""What is said where a PostgreSQL server does not let a store be opened, by the server itself."""

import psycopg
import pytest

from gemel.errors import StoreError
from gemel.store import postgres_schema
from gemel.store.postgres import PostgresStore, explain_refusal

PASSWORD = "geheim-7"


def run(url, *statements):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def url(new_database):
    return new_database()


@pytest.fixture
def database(url):
    """A function that makes a database with options and gives its URL."""
    made = []

    def make(name, options=""):
        run(url, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} {options}")
        made.append(name)
        return url.replace("/postgres?", f"/{name}?")

    yield make
    for name in made:
        run(url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def role(url):
    """A function that makes a role without any right, and gives the URL for it."""
    made = []

    def make(name, options="LOGIN", at=url):
        run(url, f"DROP ROLE IF EXISTS {name}")  # left by a run that was killed
        run(url, f"CREATE ROLE {name} {options}")
        made.append(name)
        return at.replace("postgres:@", f"{name}@")

    yield make
    for name in made:
        run(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def refusal(url, create=True):
    with pytest.raises(StoreError) as raised:
        PostgresStore(url, create=create)
    message = str(raised.value)
    assert message.startswith("postgresql://")
    assert PASSWORD not in message
    return message


def test_a_database_that_is_not_there(url):
    message = refusal(url.replace("/postgres?", "/nobodys?"))
    assert 'no database "nobodys"; create it with createdb --encoding UTF8' in message


def test_a_role_that_is_not_there_or_may_not_log_in(url, role):
    message = refusal(url.replace("postgres:@", f"nobody:{PASSWORD}@"))
    assert 'no role "nobody"; create it with CREATE ROLE' in message
    assert 'the role "barred" may not log in' in refusal(role("barred", "NOLOGIN"))


def test_a_wrong_password(url, server, role):
    locked = role("locked", f"LOGIN PASSWORD '{PASSWORD}x'").replace("locked@", "locked:{}@")
    rules = server.pgdata / "pg_hba.conf"
    before = rules.read_text()
    try:
        rules.write_text("local all locked scram-sha-256\nlocal all barred reject\n" + before)
        run(url, "SELECT pg_reload_conf()")
        message = refusal(locked.format(PASSWORD))
        assert 'refused the password of the role "locked"; correct it in PGPASSWORD' in message
        assert "asks for a password; give it in PGPASSWORD" in refusal(locked.format(""))
    finally:
        rules.write_text(before)
        run(url, "SELECT pg_reload_conf()")


def test_a_server_that_is_not_there():
    message = refusal(f"postgresql://me:{PASSWORD}@127.0.0.1:1/site")
    assert "the server does not answer; start it, or correct host and port" in message
    message = refusal(f"postgresql://me:{PASSWORD}@no-host.invalid/site")
    assert "no such host; correct the address" in message


def test_what_libpq_reports_in_words_that_are_not_known_is_shown():
    assert explain_refusal("connection failed:\n FATAL: gibt es nicht").endswith(
        "see its log (connection failed: FATAL: gibt es nicht)"
    )
    assert len(explain_refusal("x" * 5000)) < 500


def test_a_database_that_is_not_utf8(database, ask, vectors, monkeypatch):
    latin = database("latin", "ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    message = refusal(latin)
    assert "encoding is LATIN1, which cannot hold every text; create one with createdb" in message
    # One that an older gemel has made there goes on, with the texts that it can hold.
    monkeypatch.setattr(postgres_schema, "_require_utf8", lambda *_: None)
    with PostgresStore(latin) as store:
        store.add([ask("a", "Où est Zoë?")], vectors(1), "model")
        with pytest.raises(StoreError, match="encoding cannot hold this text; use a database of"):
            store.add([ask("b", "Где это?")], vectors(1), "model")
        assert [each.text for lot in store.scan() for each in lot] == ["Où est Zoë?"]


def test_a_server_without_pgvector_in_the_database_and_no_right_to_add_it(database, role):
    message = refusal(role("guest", at=database("bare")))
    assert "pgvector is not in this database yet, and the role guest may not add it" in message
    assert "CREATE EXTENSION vector" in message


def test_a_role_that_may_not_make_tables(url, role):
    run(url, "CREATE EXTENSION IF NOT EXISTS vector")
    guest = role("guest")
    message = refusal(guest)
    assert "the role guest may not create gemel's tables (permission denied for" in message
    assert 'GRANT CREATE ON DATABASE "postgres" TO "guest"' in message
    run(url, "CREATE SCHEMA gemel")  # of another application, and empty
    assert "permission denied for schema gemel" in refusal(guest)
    run(url, "ALTER SCHEMA gemel OWNER TO guest")  # no other right is needed
    PostgresStore(guest).close()
    run(url, "DROP SCHEMA gemel CASCADE")


def test_a_role_that_may_not_connect(database, role, url):
    closed = database("closed")
    run(url, "REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    message = refusal(role("guest", at=closed))
    assert 'may not connect to the database "closed"' in message


def test_a_role_that_may_not_read_the_tables(url, role):
    PostgresStore(url).close()
    message = refusal(role("guest"))
    assert "this user lacks a privilege; grant it (permission denied for" in message


def test_a_server_that_may_only_be_read(url, ask, vectors):
    with PostgresStore(url) as store:
        store.add([ask("a")], vectors(1), "model")
    only_read = f"{url}&options=-c%20default_transaction_read_only%3Don"
    with PostgresStore(only_read) as store:
        assert store.find(["a"])[0].text == "What is a?"
    run(url, "DROP SCHEMA gemel CASCADE")
    assert "the server, or this user, is read-only; use another" in refusal(only_read)


@pytest.mark.parametrize(
    "tables",
    [
        ["users (name text)"],
        ["schema (version text)", "store (x int)", "questions (x int)"],
        ["schema (name text)", "store (x int)", "questions (x int)"],
        ["questions (x int)"],
    ],
)
def test_a_schema_of_another_application_is_left_alone(url, tables):
    run(url, "CREATE SCHEMA gemel", *(f"CREATE TABLE gemel.{table}" for table in tables))
    for create in (True, False):
        message = refusal(url, create)
        assert "the schema gemel holds tables of another application" in message
        assert "; name another database, or rename that schema" in message
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'gemel'")
        assert found.fetchone() == (len(tables),)


def test_a_table_named_gemel_is_in_no_ones_way(url, ask, vectors):
    run(url, "CREATE TABLE public.gemel (x int)")
    try:
        with PostgresStore(url) as store:
            store.add([ask("a")], vectors(1), "model")
            assert store.state().questions == 1
    finally:
        run(url, "DROP TABLE public.gemel")


def test_an_old_server(url, monkeypatch):
    monkeypatch.setattr(postgres_schema, "_OLDEST", 99)
    assert "; expected 99 or later: upgrade it, or name another server" in refusal(url)
