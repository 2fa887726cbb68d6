"""Public files of question pairs: where they lie, under which terms, fetched and checked."""

from gemel.public_data.catalogue import CORPORA, Corpus, Holds, Part, Remote, find_corpus
from gemel.public_data.conversion import LEFT_OUT
from gemel.public_data.downloads import Patience
from gemel.public_data.fetcher import TERMS, fetch, terms_text
from gemel.public_data.record import SOURCE, Fetched, FetchedFile, FetchedPart

__all__ = [
    "CORPORA",
    "LEFT_OUT",
    "SOURCE",
    "TERMS",
    "Corpus",
    "Fetched",
    "FetchedFile",
    "FetchedPart",
    "Holds",
    "Part",
    "Patience",
    "Remote",
    "fetch",
    "find_corpus",
    "terms_text",
]
