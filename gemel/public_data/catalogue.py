"""Catalogue of public files: addresses, contents and terms.

Source of the checksums: public lists for these very addresses. Hugging Face's `datasets`,
`dataset_infos.json` of quora, glue, paws and banking77; TensorFlow Datasets, `checksums.tsv` of
paws_wiki, which agrees (an older list has another checksum for PAWS, for a file of the same size).
The checksums of banking77 were also computed from its files.
"""

from dataclasses import dataclass
from enum import StrEnum

from gemel.errors import ConfigError


class Holds(StrEnum):
    """Kind of the rows of a part."""

    PAIRS = "pairs"
    UNLABELLED = "unlabelled pairs"
    QUESTIONS = "questions"


@dataclass(frozen=True)
class Remote:
    """A file of the publisher's."""

    address: str
    name: str
    """File name in the destination folder."""
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True)
class CorpusPart:
    """A file that gemel reads."""

    name: str
    rows: int
    """As published."""
    member: str = ""
    """Path in the publisher's archive; empty: it is the publisher's file itself."""
    holds: Holds = Holds.PAIRS


@dataclass(frozen=True)
class PublicCorpus:
    """A corpus with its files and terms."""

    name: str
    title: str
    page: str
    """Page that describes it."""
    licence: str
    """In a few words."""
    terms: str
    """Summary, a sentence a line."""
    remotes: tuple[Remote, ...]
    parts: tuple[CorpusPart, ...]
    """The training part first."""

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(remote.size for remote in self.remotes)


_QUORA_TERMS = """\
The questions come from Quora's site and stay under Quora's terms of service:
https://www.quora.com/about/tos
Quora released them for non-commercial use. Do not publish them again.
A model trained on them stays under these terms after the file is deleted:
ask a lawyer before you use it commercially."""

_BANKING = "https://raw.githubusercontent.com/PolyAI-LDN/task-specific-datasets/master/banking_data"

_ALL = (
    PublicCorpus(
        name="quora",
        title="Quora Question Pairs, the first release (2017)",
        page="https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
        licence="Quora's terms, non-commercial",
        terms=_QUORA_TERMS,
        remotes=(
            Remote(
                "http://qim.fs.quoracdn.net/quora_duplicate_questions.tsv",
                "quora_duplicate_questions.tsv",
                58_176_133,
                "b3350dbb1d98db1f5abca85d736ba514bf4da253fae53939303d79fe921ec7c8",
            ),
        ),
        parts=(CorpusPart("quora_duplicate_questions.tsv", 404_290),),
    ),
    PublicCorpus(
        name="glue-qqp",
        title="Quora Question Pairs as the GLUE benchmark splits them",
        page="https://gluebenchmark.com/tasks",
        licence="Quora's terms, non-commercial",
        terms=_QUORA_TERMS
        + """
GLUE does not publish the labels of the test part: test.tsv has none, and only GLUE's own site
can score on it. Measure on validation.tsv, many of whose questions are in train.tsv too.""",
        remotes=(
            Remote(
                "https://dl.fbaipublicfiles.com/glue/data/QQP-clean.zip",
                "QQP-clean.zip",
                41_696_084,
                "40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0",
            ),
        ),
        parts=(
            CorpusPart("train.tsv", 363_846, "QQP/train.tsv"),
            CorpusPart("validation.tsv", 40_430, "QQP/dev.tsv"),
            CorpusPart("test.tsv", 390_965, "QQP/test.tsv", Holds.UNLABELLED),
        ),
    ),
    PublicCorpus(
        name="paws",
        title="PAWS-Wiki, labelled, final: sentences with the same words in another order",
        page="https://github.com/google-research-datasets/paws",
        licence="free for any use, no warranty",
        terms="""\
Google allows any use, without any warranty, and would like to be named as the
source: https://github.com/google-research-datasets/paws/blob/master/LICENSE
These are statements from Wikipedia, tokenised with spaces, not questions: they test whether a
model is sensitive to word order.""",
        remotes=(
            Remote(
                "https://storage.googleapis.com/paws/english/paws_wiki_labeled_final.tar.gz",
                "paws_wiki_labeled_final.tar.gz",
                4_687_157,
                "1aad6cbb8a90b15563a0c154752c2b2c8e3bc5bdaa125172214d598bc76bc9fd",
            ),
        ),
        parts=(
            CorpusPart("train.tsv", 49_401, "final/train.tsv"),
            CorpusPart("validation.tsv", 8_000, "final/dev.tsv"),
            CorpusPart("test.tsv", 8_000, "final/test.tsv"),
        ),
    ),
    PublicCorpus(
        name="banking77",
        title="BANKING77: questions to a bank, each with one of 77 intents",
        page="https://github.com/PolyAI-LDN/task-specific-datasets",
        licence="CC BY 4.0",
        terms="""\
PolyAI publishes it under Creative Commons Attribution 4.0: use, change and pass it on as you
like, but name the source and state what you changed: https://creativecommons.org/licenses/by/4.0/
The paper to cite is https://arxiv.org/abs/2003.04807
The files hold questions (text) and their intents (category), no pairs.""",
        remotes=(
            Remote(
                f"{_BANKING}/train.csv",
                "train.csv",
                839_073,
                "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
            ),
            Remote(
                f"{_BANKING}/test.csv",
                "test.csv",
                239_961,
                "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
            ),
        ),
        parts=(
            CorpusPart("train.csv", 10_003, holds=Holds.QUESTIONS),
            CorpusPart("test.csv", 3_080, holds=Holds.QUESTIONS),
        ),
    ),
)

CORPORA = {corpus.name: corpus for corpus in _ALL}


def find_corpus(name: str) -> PublicCorpus:
    """Return a corpus by name.

    Raises:
        ConfigError: unknown name.
    """
    if name not in CORPORA:
        raise ConfigError(f"no public data is called {name!r}; there are {', '.join(CORPORA)}")
    return CORPORA[name]
