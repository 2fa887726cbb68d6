"""Public files of question pairs: where they lie, under which terms, fetched and checked."""

from gemel.corpora.catalogue import CORPORA, Corpus, Holds, Part, Remote, find_corpus
from gemel.corpora.converting import LEFT_OUT
from gemel.corpora.downloading import Patience
from gemel.corpora.fetching import TERMS, fetch, terms_text
from gemel.corpora.record import SOURCE, Fetched, FetchedFile, FetchedPart

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
