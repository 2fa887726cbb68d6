"""Tables of a store in either database, and their migrations."""

from collections.abc import Mapping

from gemel.errors import StoreError

SCHEMA_WITH_COLUMNS = 3
"""First schema with the table of columns."""
_SCHEMAS = (
    (
        """CREATE TABLE store (
            sequence {integer} NOT NULL,
            generation {integer} NOT NULL,
            model TEXT NOT NULL,
            dim INTEGER NOT NULL,
            questions {integer} NOT NULL,
            reindexing TEXT NOT NULL,
            reindexed {integer} NOT NULL,
            identity TEXT NOT NULL,
            reindexing_dim INTEGER NOT NULL
        )""",
        "INSERT INTO store VALUES (0, 0, '', 0, 0, '', 0, {identity}, 0)",
        """CREATE TABLE questions (
            key {integer} PRIMARY KEY,
            id {id},
            text TEXT NOT NULL,
            metadata TEXT NOT NULL
        )""",
        """CREATE TABLE facets (
            facet {bytes} NOT NULL,
            key {integer} NOT NULL,
            PRIMARY KEY (facet, key)
        ){without_rowid}""",
        """CREATE TABLE vectors (
            sequence {integer} PRIMARY KEY,
            generation {integer} NOT NULL,
            key {integer} NOT NULL,
            vector {vector} NOT NULL
        )""",
        "CREATE UNIQUE INDEX vectors_of_a_key ON vectors (key, generation)",
        "CREATE TABLE removed (sequence {integer} PRIMARY KEY, key {integer} NOT NULL)",
    ),
    (
        """CREATE TABLE reviews (
            number {integer} PRIMARY KEY,
            left_key {integer} NOT NULL,
            right_key {integer} NOT NULL,
            answer TEXT NOT NULL,
            reviewer TEXT NOT NULL,
            decided_at {real} NOT NULL,
            similarity {real},
            probability {real},
            said_same {flag},
            model TEXT NOT NULL
        )""",
        "CREATE UNIQUE INDEX reviews_of_a_pair ON reviews (left_key, right_key)",
        "CREATE INDEX reviews_of_a_right_key ON reviews (right_key)",
        """CREATE TABLE api_keys (
            prefix {name} PRIMARY KEY,
            name TEXT NOT NULL,
            scope TEXT NOT NULL,
            hash {bytes} NOT NULL,
            created_at {real} NOT NULL,
            revoked_at {real}
        )""",
    ),
    (
        """CREATE TABLE metadata_columns (
            facet {bytes} PRIMARY KEY,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            questions {integer} NOT NULL
        ){without_rowid}""",
    ),
)


def migrations(
    types: Mapping[str, str], own: Mapping[int, tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Return the statements that lead to each schema.

    Args:
        types: SQL for each name in braces.
        own: by schema, further statements that only this database needs.
    """
    return tuple(
        (*(statement.format_map(types) for statement in shared), *own.get(schema, ()))
        for schema, shared in enumerate(_SCHEMAS, start=1)
    )


def refuse_newer(name: str, schema: int, known: int) -> None:
    """Raise `StoreError` if the schema of the store `name` is newer than the known ones."""
    if schema > known:
        raise StoreError(
            f"{name}: written by a newer gemel (schema {schema}; this one knows {known}); upgrade "
            "gemel"
        )
