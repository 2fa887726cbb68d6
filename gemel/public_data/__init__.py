"""Public files of question pairs: their addresses, terms and checksums."""

from gemel.public_data.archives import LEFT_OUT, FetchedPart
from gemel.public_data.catalogue import CORPORA, PublicCorpus, find_corpus
from gemel.public_data.corpus_fetch import SOURCE, TERMS, Fetched, fetch, terms_text
from gemel.public_data.http_download import RetryPolicy

__all__ = [
    "CORPORA",
    "LEFT_OUT",
    "SOURCE",
    "TERMS",
    "Fetched",
    "FetchedPart",
    "PublicCorpus",
    "RetryPolicy",
    "fetch",
    "find_corpus",
    "terms_text",
]
