"""Reasons of failed PostgreSQL connections, with remedies."""

import re

_REASONS = (
    (
        r'database "(.+?)" does not exist',
        'the server has no database "{0}"; create it with createdb --encoding UTF8 '
        "--template template0 NAME, or correct the name in the address",
    ),
    (
        r'role "(.+?)" does not exist',
        'the server has no role "{0}"; create it with CREATE ROLE NAME LOGIN, or name another in '
        "the address, postgresql://ROLE@HOST/DATABASE",
    ),
    (
        r'role "(.+?)" is not permitted to log in',
        'the role "{0}" may not log in; allow it with ALTER ROLE NAME LOGIN, or name another',
    ),
    (
        r'(?:password|PAM|LDAP|\w+) authentication failed for user "(.+?)"',
        'the server refused the password of the role "{0}"; correct it in PGPASSWORD, ~/.pgpass or '
        "the address",
    ),
    (
        r"no password supplied",
        "the server asks for a password; give it in PGPASSWORD, ~/.pgpass or the address",
    ),
    (
        r'no pg_hba.conf entry for .*user "(.+?)"',
        'the server does not admit the role "{0}" from this machine; add a line to its pg_hba.conf',
    ),
    (
        r'permission denied for database "(.+?)"',
        'this role may not connect to the database "{0}"; have an administrator run GRANT CONNECT '
        "ON DATABASE",
    ),
    (
        r"could not translate host name|failed to resolve host|Name or service not known",
        "there is no such host; correct the address",
    ),
    (
        r"the database system is (?:starting up|shutting down|in recovery)",
        "the server is starting or stopping; try again in a moment",
    ),
    (
        r"too many (?:clients|connections)|remaining connection slots",
        "the server has no free connection; close some, or raise its max_connections",
    ),
    (
        r"Connection refused|No such file or directory|timeout expired|No route to host|"
        r"Network is unreachable|Connection timed out",
        "the server does not answer; start it, or correct host and port in the address",
    ),
)
_OTHER = "the server does not answer, or refuses the connection; see its log"


def explain_refusal(message: str) -> str:
    """Return reason and remedy for the message of a failed connection."""
    line = " ".join(message.split())
    for pattern, remedy in _REASONS:
        found = re.search(pattern, line)
        if found:
            return f"{remedy.format(*found.groups())} ({_shortened(line)})"
    return f"{_OTHER} ({_shortened(line)})"


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


_LONGEST = 300
"""Maximum length of libpq's message; a host with several addresses has one for each."""
